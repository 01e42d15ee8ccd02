/**
 * Empties the outbox of one account: the platform is told each message once, or as often as it takes where it
 * recognises repeats, and nothing disappears without a status that says why.
 *
 * In order within a conversation (higher priority first), in parallel across conversations. A row is marked `sending`
 * before the wire, so that a crash leaves a trace: what was `sending` is sent again only where the platform
 * deduplicates; elsewhere it rests as `unknown` until the policy or a person decides.
 */
import { Duration, Effect, Exit } from "effect"
import { CircuitBreaker } from "effect/persistence"
import { type Conversation, laneKey } from "../domain/Conversation.ts"
import type { MessageStatus, OutboxMessage, Receipt } from "../domain/Message.ts"
import { RestError, Unavailable } from "../domain/RestError.ts"
import type { Verdict } from "../ports/Platform.ts"
import type { MessageWrite } from "../ports/Store.ts"
import type { Timer } from "./Alarm.ts"
import * as Pace from "./Pace.ts"
import type { RelayOptions, RelayPorts, Throttle } from "./RelayPorts.ts"
import { RelayQueue, type Row } from "./RelayQueue.ts"

export type { RelayOptions, RelayPorts, Throttle } from "./RelayPorts.ts"

type Step =
  | { readonly _tag: "Rest"; readonly status: MessageStatus; readonly receipt?: Receipt; readonly reason?: string }
  /** Back to the queue for so many milliseconds. */
  | { readonly _tag: "Wait"; readonly delay: number; readonly counts: boolean; readonly reason: string }
  /** The breaker let nothing through: all that waits would fare the same for so many milliseconds. */
  | { readonly _tag: "Held"; readonly delay: number }

export class Relay {
  /** Messages sent since the start. */
  sent = 0
  /** Messages that came to rest unsent since the start. */
  unsent = 0
  readonly queue = new RelayQueue()
  /** Sends begun so far. */
  begun = 0
  /** Numbers of the sends under way, oldest first. */
  private readonly underWay = new Set<number>()
  private throttle: Throttle | undefined
  private isStopped = false
  private wasFull = false
  /** Messages whose time has not come. */
  private readonly later = new Map<number, { readonly lane: string; readonly timer: Timer }>()
  private isPumping = false
  /** Steady milliseconds before which the breaker lets nothing through. */
  private heldUntil = 0
  private readonly idleWaiters: Array<() => void> = []
  private readonly options: RelayOptions
  private readonly ports: RelayPorts

  constructor(options: RelayOptions, ports: RelayPorts) {
    this.options = options
    this.ports = ports
  }

  /** Messages waiting or under way. */
  get depth(): number {
    return this.queue.size
  }
  get isFull(): boolean {
    this.wasFull = this.wasFull ? this.depth > this.options.maxQueued / 2 : this.depth >= this.options.maxQueued
    return this.wasFull
  }

  /** Takes a row that is in the store. */
  take(message: OutboxMessage): void {
    if (message.status === "sending" && !this.ports.platform.isIdempotent(message)) {
      if (this.options.onUnknown === "hold") {
        this.rest({ message, attempts: message.attempts, pace: undefined }, "unknown", interrupted)
        return
      }
    }
    // It stays in the store: what a person holds for days must not fill the outbox of the others.
    if (this.ports.holds.covers(message.conversation)) return
    // A message for later waits aside, not at the head of its lane.
    if (message.notBefore > this.ports.alarm.now()) this.postpone(message)
    else this.enqueue(message)
  }

  private postpone(message: OutboxMessage): void {
    const timer = this.ports.alarm.set(message.notBefore, () => {
      this.later.delete(message.id)
      this.enqueue(message)
    })
    this.later.set(message.id, { lane: laneKey(message.conversation), timer })
  }

  /** Lets go of what waits to be said in a conversation: the store has it. What is under way ends. */
  withdraw(conversation: Conversation): void {
    const held = laneKey(conversation)
    const wasFull = this.wasFull
    this.queue.withdraw(held)
    for (const [id, { lane, timer }] of this.later) {
      if (lane !== held) continue
      timer.cancel()
      this.later.delete(id)
    }
    if (wasFull && !this.isFull) this.ports.drained()
    this.pump()
  }

  private enqueue(message: OutboxMessage): void {
    this.queue.add({ message, attempts: message.attempts, pace: undefined })
    this.pump()
  }

  /** Whether one of the first `begun` sends is still without an answer. */
  awaits(begun: number): boolean {
    for (const oldest of this.underWay) return oldest <= begun
    return false
  }

  /** What holds messages back because the platform limits the rate, while it does. */
  get throttled(): Throttle | undefined {
    const { throttle } = this
    return throttle !== undefined && (throttle.until > this.ports.alarm.now() || this.depth > 0) ? throttle : undefined
  }

  /** Completes when nothing is left to send, or what is left waits for a later time. */
  get idle(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.isIdle()) return resume(Effect.void)
      this.idleWaiters.push(() => resume(Effect.void))
    })
  }

  /** Sends nothing further; what is under way goes on. */
  stop(): void {
    this.isStopped = true
  }

  pump(): void {
    // An attempt that ends at once pumps again: that goes on in this loop, not on top of it, or the stack would run out.
    if (this.isPumping) return
    this.isPumping = true
    while (this.mayStart() && this.heldUntil <= this.ports.alarm.steady()) {
      const row = this.queue.next(this.ports.alarm.steady())
      if (row === undefined) break
      const send = ++this.begun
      this.underWay.add(send)
      this.ports.fork(this.attempt(row)).addObserver((exit) => {
        this.underWay.delete(send)
        this.concluded(row, exit)
      })
    }
    this.isPumping = false
    // Without a free place the end of a send pumps again; a wake that finds none would set itself for ever.
    if (this.mayStart()) this.armWake()
    if (this.idleWaiters.length > 0 && this.isIdle()) {
      for (const resume of this.idleWaiters.splice(0)) resume()
    }
  }

  private mayStart(): boolean {
    return !this.isStopped && !this.ports.holds.isWhole && this.underWay.size < this.options.concurrency
  }

  private isIdle(): boolean {
    const now = this.ports.alarm.steady()
    const mayNot = this.ports.holds.isWhole || this.heldUntil > now
    return this.underWay.size === 0 && (mayNot || !this.queue.hasReady(now))
  }

  private wakeAt = Number.POSITIVE_INFINITY
  private armWake(): void {
    const { alarm } = this.ports
    const isHeld = this.heldUntil > alarm.steady() && this.depth > 0
    const at = isHeld ? this.heldUntil : this.queue.nextTime()
    if (at === undefined || at >= this.wakeAt) return
    this.wakeAt = at
    alarm.set(alarm.now() + Math.ceil(at - alarm.steady()), () => {
      this.wakeAt = Number.POSITIVE_INFINITY
      this.pump()
    })
  }

  private attempt(row: Row): Effect.Effect<Step> {
    const { message } = row
    const { platform, breaker, alarm } = this.ports
    if (message.expiresAt !== undefined && message.expiresAt <= alarm.now()) {
      return Effect.succeed<Step>({
        _tag: "Rest",
        status: "expired",
        reason: "its time passed before it could be sent"
      })
    }
    // Inside the breaker: what it holds back never went to the wire, and must not look after a crash as if it had.
    const marked = Effect.andThen(this.markSending(row), this.ports.send(message))
    // An upload may take minutes: whoever stops us then must not leave a row that looks as if it had been sent.
    const send = platform.prepare === undefined ? marked : Effect.andThen(platform.prepare(message), marked)
    return breaker.execute(send, { key: platform.account, classify }).pipe(
      Effect.map((receipt): Step => ({ _tag: "Rest", status: receipt.status, receipt })),
      Effect.catch((error) =>
        error._tag === "RestError"
          ? this.judge(row, error)
          : Effect.succeed<Step>({
              _tag: "Held",
              // While a probe is out the breaker names no time: look again soon, but do not spin.
              delay: Math.max(
                breakerPause,
                error.reason._tag === "CircuitOpen" ? Duration.toMillis(error.reason.retryAfter) : 0
              )
            })
      ),
      Effect.catchDefect((defect) =>
        Effect.succeed<Step>({ _tag: "Rest", status: "dead", reason: `sending died: ${String(defect)}` })
      )
    )
  }

  private markSending(row: Row): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      this.ports.record(this.write(row, "sending"), () => resume(Effect.void))
    })
  }

  /** What a failed send means for its row. */
  private judge(row: Row, error: RestError): Effect.Effect<Step> {
    const { reason } = error
    const { message } = row
    const fail = (status: MessageStatus): Effect.Effect<Step> =>
      Effect.succeed({ _tag: "Rest", status, reason: reason.message })
    if (reason._tag === "OutcomeUnknown" && !this.ports.platform.isIdempotent(message)) {
      if (this.options.onUnknown === "hold") return fail("unknown")
    } else if (!reason.isRetryable && reason._tag !== "OutcomeUnknown") {
      return fail("refused")
    }
    const counts =
      reason._tag === "TimedOut" ||
      reason._tag === "OutcomeUnknown" ||
      (reason._tag === "Unavailable" && reason.reached)
    if (counts && row.attempts + 1 >= this.options.maxAttempts) return fail("dead")
    const refresh = reason._tag === "CredentialsExpired" ? this.ports.platform.refreshCredentials : Effect.void
    // What may be repeated is as good as unanswered: the schedule would stop at a reason that is not retryable.
    const failure = error.isRetryable ? error : unanswered(error)
    return Effect.gen({ self: this }, function* () {
      yield* refresh
      row.pace ??= yield* Pace.make(this.options.resend)
      const delay =
        (yield* row.pace.next(failure)) ??
        Duration.toMillis(Duration.max(lastResort, error.retryAfter ?? Duration.zero))
      this.heed(reason, delay)
      return { _tag: "Wait", delay, counts, reason: reason.message } as const
    })
  }

  /** Notes since when and until when the rate is limited; another failure, once that time is over, takes its place. */
  private heed(reason: RestError["reason"], delay: number): void {
    const now = this.ports.alarm.now()
    const before = this.throttled
    if (reason._tag === "RateLimited") {
      const until = Math.max(now + delay, before?.until ?? 0)
      this.throttle = { since: before?.since ?? now, until, why: reason.message }
    } else if (before !== undefined && before.until <= now) this.throttle = undefined
  }

  private concluded(row: Row, exit: Exit.Exit<Step>): void {
    // Interrupted: the process is stopping. The row stays `sending`, and the next start decides.
    if (Exit.isFailure(exit)) return this.pump()
    const step = exit.value
    if (step._tag === "Rest") {
      if (step.status !== "expired") row.attempts++
      this.queue.done(row)
      if (step.receipt !== undefined) {
        this.heldUntil = 0
        if (this.throttle !== undefined && this.throttle.until <= this.ports.alarm.now()) this.throttle = undefined
      }
      this.rest(row, step.status, step.reason, step.receipt)
    } else if (step._tag === "Held") {
      this.heldUntil = this.ports.alarm.steady() + step.delay
      this.ports.record({ ...this.write(row, "queued"), reason: held })
      this.putBack(row, 0)
    } else {
      if (step.counts) row.attempts++
      const notBefore = this.ports.alarm.steady() + step.delay
      this.ports.record({ ...this.write(row, "queued"), reason: step.reason })
      this.putBack(row, notBefore)
    }
    this.pump()
  }

  private putBack(row: Row, notBefore: number): void {
    if (this.ports.holds.covers(row.message.conversation)) this.queue.done(row)
    else this.queue.putBack(row, notBefore)
  }

  /** The review of a row that rests as `auditing` ended. It is written before whatever is recorded after this call. */
  reviewed(message: OutboxMessage, { auditId, passed, messageId }: Verdict): void {
    const row: Row = { message, attempts: message.attempts, pace: undefined }
    if (passed) this.rest(row, "sent", undefined, { messageId, status: "sent", auditId })
    else this.rest(row, "refused", rejected)
  }

  private rest(row: Row, status: MessageStatus, reason?: string, receipt?: Receipt): void {
    const wasFull = this.wasFull
    // What is under review is neither, until its verdict.
    if (status === "sent") this.sent++
    else if (status !== "auditing") this.unsent++
    this.ports.record({ ...this.write(row, status), receipt, reason })
    this.ports.settled(row.message, status, reason, receipt)
    if (wasFull && !this.isFull) this.ports.drained()
  }

  private write(row: Row, status: MessageStatus): MessageWrite {
    return { id: row.message.id, status, attempts: row.attempts, at: this.ports.alarm.now() }
  }
}

const interrupted = "the process ended while it was being sent, and the platform cannot tell a repeat"

const rejected = "rejected by review"

const held = "the platform is failing; the breaker is open"

/** Milliseconds between looks at a breaker that is not closed. */
const breakerPause = 250

/** The wait of a message whose schedule gave up before its attempts did. */
const lastResort = Duration.seconds(30)

const unanswered = ({ account, reason }: RestError): RestError =>
  new RestError({ account, reason: new Unavailable({ reached: true, detail: reason.message }) })

/** Only what says that the platform itself is failing counts against it. */
const classify = (exit: Exit.Exit<Receipt, RestError>): CircuitBreaker.Outcome => {
  if (Exit.isSuccess(exit)) return CircuitBreaker.success
  const failure = exit.cause.reasons.find((reason) => reason._tag === "Fail")
  switch (failure?.error.reason._tag) {
    case "Unavailable":
    case "RetriesExhausted":
    case "TimedOut":
    case "OutcomeUnknown":
      return CircuitBreaker.failure()
    case undefined:
    case "RateLimited":
    case "CredentialsExpired":
      return CircuitBreaker.ignored
    default:
      return CircuitBreaker.success
  }
}
