/**
 * Deliberate bugs, planted by replacing a text of a source file when it is loaded: the production code knows nothing of
 * them. Each stands for a mistake that somebody could make, and a checker must find it.
 */
export interface Mutant {
  /** What is wrong, in a sentence. */
  readonly what: string
  /** Below `src/`. */
  readonly file: string
  /** Must be in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** The first seed that found it when it was planted last; `--known` begins with that. @defaultValue 1 */
  readonly seed?: number
}

export const mutants = {
  "advance-before-storing": {
    what: "the position moves with the frame, not with the commit that stores its event",
    seed: 2,
    file: "engines/Journal.ts",
    find: `      batch.events.push(arrival)
      batch.latest.set(stream, position)
      schedulePump()`,
    replace: `      batch.latest.set(stream, position)
      schedulePump()
      setTimeout(() => {
        room().events.push(arrival)
        schedulePump()
      }, 50)`
  },
  "handle-before-storing": {
    what: "an event is handled as soon as its commit is on the way",
    seed: 8,
    file: "engines/Journal.ts",
    find: "      failing = true\n",
    replace:
      "      failing = true\n      batch.finish({ eventIds: batch.events.map(() => 1e9 + Math.random() * 1e9), turns: [] })\n"
  },
  "lose-a-failed-commit": {
    what: "a commit that failed is not repeated",
    seed: 8,
    file: "engines/Journal.ts",
    find: "    while (underWay.length > 0) {",
    replace: "    underWay.shift()\n    while (underWay.length > 0) {"
  },
  "forget-commit-token": {
    what: "a repeated commit has a token of its own, so that one whose answer was lost is applied twice",
    seed: 10,
    file: "engines/Journal.ts",
    find: "Effect.never : store.commit(commit)",
    replace: "Effect.never : store.commit({ ...commit, token: { run, seq: ++commits } })"
  },
  "settle-in-two-transactions": {
    what: "the acknowledgement of a turn is committed before what it staged",
    file: "engines/account/Outgoing.ts",
    find: "    journal.turn(write, (result) => {",
    replace: `    write.eventId !== undefined && write.dead === undefined
      ? (journal.settle(write.eventId), void setTimeout(() => commit({ ...write, eventId: undefined }, done), 20))
      : journal.turn(write, (result) => {`
  },
  "messages-before-settling": {
    what: "the replies of a turn are committed before its acknowledgement",
    seed: 3,
    file: "engines/account/Outgoing.ts",
    find: "    journal.turn(write, (result) => {",
    replace: `    write.messages.length > 0 && write.eventId !== undefined
      ? commit({ ...write, eventId: undefined, state: [] }, () => commit({ ...write, messages: [] }, done))
      : journal.turn(write, (result) => {`
  },
  "parallel-lane": {
    what: "a lane begins its next turn before the one under way has ended",
    file: "engines/Dispatcher.ts",
    find: "    this.watch(lane, delivery, begun.turn, begun.fiber)\n    return false",
    replace: "    this.watch(lane, delivery, begun.turn, begun.fiber)\n    return true"
  },
  "retry-behind-the-others": {
    what: "a turn that failed is retried behind the other events of its conversation",
    file: "engines/Dispatcher.ts",
    find: "        lane.isBusy = false\n        lane.unshift(delivery)\n        this.wake(lane)",
    replace: "        lane.isBusy = false\n        lane.push(delivery)\n        this.wake(lane)"
  },
  "lose-a-retry": {
    what: "an event whose turn failed is settled instead of being retried",
    file: "engines/Dispatcher.ts",
    find: "      if (delay === undefined) return this.bury(lane, delivery, error)",
    replace:
      "      if (delay === undefined) return this.bury(lane, delivery, error)\n      if (delivery.attempt === 2) {\n        lane.isBusy = false\n        this.ports.settle(delivery.id)\n        this.done(delivery)\n        return this.wake(lane)\n      }"
  },
  "commit-failed-turn": {
    what: "what a failing handler staged leaves with the dead letter",
    file: "engines/Turn.ts",
    find: "    const messages = isSkipped ? undefined : this.messages",
    replace: "    const messages = this.messages"
  },
  "overwrite-on-conflict": {
    what: "a turn writes its state over what another turn wrote since it read it",
    seed: 3,
    file: "engines/Turn.ts",
    find: "    return Effect.suspend(() => {\n      const staged = this.writes?.get(key)\n      if (staged) return Effect.succeed(this.put(key, value, staged.expected))",
    replace:
      "    return Effect.suspend(() => {\n      const staged = this.writes?.get(key)\n      if (staged === undefined) return Effect.map(this.readStored(key), (now) => this.put(key, value, now.version))\n      if (staged) return Effect.succeed(this.put(key, value, staged.expected))"
  },
  "lose-a-conflict": {
    what: "a turn that conflicted is not run again",
    seed: 2,
    file: "engines/Dispatcher.ts",
    find: '      if (result._tag === "Conflict") lane.unshift(delivery)\n',
    replace: '      if (result._tag === "Conflict") this.done(delivery)\n'
  },
  "drop-on-overflow": {
    what: "a lane that has to spill forgets the event",
    seed: 4,
    file: "engines/Lanes.ts",
    find: "    if (mustSpill) return this.pushId(lane, delivery.id)",
    replace: "    if (mustSpill) return"
  },
  "no-limit-on-memory": {
    what: "lanes keep every event in memory",
    seed: 4,
    file: "engines/Lanes.ts",
    find: "        this.resident >= this.limits.maxResident ||",
    replace: "        this.resident >= this.limits.maxResident * 1e9 ||"
  },
  "read-on-when-full": {
    what: "the gateway reads on when the lanes are full",
    seed: 6,
    file: "engines/Intake.ts",
    find: "    for (const listener of this.listeners) listener(isFull)",
    replace: "    for (const listener of this.listeners) listener(false)"
  },
  "fresh-sequence-on-retry": {
    what: "a message that is sent again has another idempotency key",
    seed: 2,
    file: "platforms/qq/Send.ts",
    find: "msg_seq: sequenceOf(message) }",
    replace: "msg_seq: Math.floor(Math.random() * 999_999) + 1 }"
  },
  "resend-unknown": {
    what: "what may have been said is said again where nobody recognises a repeat",
    seed: 2,
    file: "platforms/qq/Send.ts",
    find: '  (message.conversation.kind === "group" || message.conversation.kind === "direct") && sourceOf(message) !== undefined',
    replace: "  sourceOf(message) !== undefined"
  },
  "count-refusals-as-sent": {
    what: "a message that the platform failed to take counts as sent",
    seed: 6,
    file: "engines/Relay.ts",
    find: `    const failure = error.isRetryable ? error : unanswered(error)
`,
    replace: `    const failure = error.isRetryable ? error : unanswered(error)
    if (reason._tag === "Unavailable" && row.attempts === 1)
      return Effect.succeed({ _tag: "Rest", status: "sent", receipt: { messageId: undefined, status: "sent" } })
`
  },
  "give-up-at-once": {
    what: "a message is dead after its first failure",
    seed: 5,
    file: "engines/Relay.ts",
    find: '    if (counts && row.attempts + 1 >= this.options.maxAttempts) return fail("dead")',
    replace: '    if (counts) return fail("dead")'
  },
  "skip-outbox-recovery": {
    what: "what an earlier life had still to say is not said",
    seed: 2,
    file: "engines/account/Outgoing.ts",
    find: "      recoveredTo = yield* Recovery.messages(parts, account, (row) => relay.take(row))",
    replace: "      recoveredTo = 0"
  },
  "skip-inbox-recovery": {
    what: "what an earlier life had still to handle is not handled",
    seed: 2,
    file: "engines/account/Incoming.ts",
    find: "    yield* Recovery.events(parts, account, (event) => {",
    replace: '    yield* Recovery.events(parts, "nobody", (event) => {'
  },
  "no-gap": {
    what: "a session that was lost leaves no gap",
    file: "engines/Intake.ts",
    find: "      journal.gap(gap)\n",
    replace: ""
  },
  "identify-always": {
    what: "every connection begins a session of its own",
    seed: 2,
    file: "platforms/qq/Gateway.ts",
    find: "      if (from !== undefined && memory.vain < vainResumes) return resume(memory, from)",
    replace: ""
  },
  "resume-from-received": {
    what: "a resume asks only for what came after the newest frame, stored or not, one too far",
    seed: 2,
    file: "platforms/qq/Gateway.ts",
    find: "    const d = { token, session_id: from.session, seq: from.seq }",
    replace: "    const d = { token, session_id: from.session, seq: from.seq + 1 }"
  },
  "dedupe-by-watermark": {
    what: "an event whose sequence is not above the newest one is taken for a repeat, also in another session",
    file: "engines/Intake.ts",
    find: "      deliver: (event, raw, next, stored) => {\n",
    replace: `      deliver: (event, raw, next, stored) => {
        const seen: { seq?: number } = stream
        if (next.seq <= (seen.seq ?? 0)) return
        seen.seq = next.seq
`
  },
  "no-dedupe": {
    what: "an event that comes again is stored again",
    file: "engines/Intake.ts",
    find: "    return this.event.key\n",
    replace: "    return [this.event.key, this.receivedAt].join()\n"
  },
  "deaf-heartbeat": {
    what: "a connection without a sign of life is kept",
    seed: 16,
    file: "engines/Heartbeat.ts",
    find: "      yield* readPending\n      return life.frames === mark",
    replace: "      yield* readPending\n      return false"
  },
  "backoff-reset-on-ready": {
    what: "a welcome forgives all failures, so that a peer that welcomes and drops makes a hot loop",
    seed: 7,
    file: "engines/Supervisor.ts",
    find: "    const delay = (yield* reconnect.next(failure)) ?? undefined",
    replace: "    const delay = readyAt === undefined ? ((yield* reconnect.next(failure)) ?? undefined) : 0"
  },
  "give-up-on-drops": {
    what: "the account waits for a person after a few lost connections",
    seed: 11,
    file: "engines/Ladder.ts",
    find: "  awaitOperator: { session: 20, credentials: 5, fatal: 1 },",
    replace: "  awaitOperator: { session: 20, credentials: 5, fatal: 1, unreachable: 2, dropped: 3 },"
  },
  "drain-without-lanes": {
    what: "a stop does not wait for the lanes",
    seed: 40,
    file: "engines/Drain.ts",
    find: "    Effect.andThen(dispatcher.idle),\n",
    replace: ""
  },
  "drain-for-ever": {
    what: "a stop has no deadline",
    seed: 40,
    file: "engines/Drain.ts",
    find: "    Effect.timeoutOption(limit)\n",
    replace: "    Effect.timeoutOption(Duration.times(limit, 1000))\n"
  },
  "no-last-save": {
    what: "state that saves itself is not saved at the end",
    seed: 5,
    file: "engines/Autosave.ts",
    find: "Effect.timeoutOption(saveQuietly(true), limit)",
    replace: "Effect.timeoutOption(Effect.void, limit)"
  },
  "print-the-token": {
    what: "a refused token is named in the error",
    seed: 7,
    file: "platforms/qq/Rest.ts",
    find: "    yield* credentials.reject(first.token)",
    replace: "    yield* Effect.logWarning(Redacted.value(first.token))\n    yield* credentials.reject(first.token)"
  },
  "print-the-secret": {
    what: "a failed token request is logged with its body",
    seed: 3,
    file: "platforms/qq/Credentials.ts",
    find: "  const now = yield* Clock.currentTimeMillis\n  const said = complaint(answer, now)",
    replace:
      "  if (answer.status !== 200) yield* Effect.logWarning(JSON.stringify(body))\n  const now = yield* Clock.currentTimeMillis\n  const said = complaint(answer, now)"
  },
  "ignore-verdicts": {
    what: "the verdict on a message under review is not heard",
    seed: 7,
    file: "engines/Verdicts.ts",
    find: "    if (message !== undefined) to.reviewed(message, verdict)",
    replace: ""
  }
} as const satisfies Record<string, Mutant>

export type MutantName = keyof typeof mutants
