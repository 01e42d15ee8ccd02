/**
 * What the demo knows at any moment: the bot's own status stream and figures beside the platform's books. Written by
 * plain callbacks, read by the views.
 */
import { type Clock, Latch } from "effect"
import type { AccountStatus } from "../../bot/Status.ts"
import type { ConnectionState } from "../../domain/ConnectionState.ts"
import type { Status } from "../../domain/Status.ts"
import type { Books } from "../../simulator/Books.ts"
import type { Fault } from "../../simulator/Faults.ts"
import type { Verdict } from "../../simulator/Judge.ts"
import type { Tally } from "./ErrorRecoveryBot.ts"
import { nameOf } from "./Timetable.ts"

/** One line of the story: something broke, the bot noticed, the bot got over it, or it is merely worth saying. */
export interface Entry {
  /** Milliseconds since the start. */
  readonly at: number
  readonly kind: "fault" | "trouble" | "recovery" | "note"
  readonly text: string
}

/** A message that waits this long for its answer counts as lost in the live view, in milliseconds. */
const overdue = 10_000
const kept = 500

const breaksCalls: ReadonlySet<Fault["kind"]> = new Set(["rateLimited", "serverError", "htmlError", "lostAnswer"])

export class Scoreboard {
  readonly tally: Tally = { handled: 0, provoked: 0 }
  /** The newest last. */
  readonly story: Array<Entry> = []
  /** Lines told so far, also those that `story` dropped. */
  told = 0
  state: ConnectionState["_tag"] = "Disconnected"
  reconnects = 0
  sessionStarts = 0
  /** Messages offered in each second so far, the newest last. */
  readonly perSecond: Array<number> = []
  verdict: Verdict
  /** Messages that never reached the bot, by no fault of its own. */
  unheard = 0
  readonly connected = Latch.makeUnsafe(false)
  readonly lost = Latch.makeUnsafe(true)
  private lostAt: number | undefined
  private calls: { readonly at: number; readonly failures: number } | undefined
  private saidBefore = 0
  private accounts: () => ReadonlyArray<AccountStatus> = () => []
  readonly startedAt: number
  readonly books: Books
  private readonly clock: Clock.Clock

  constructor(books: Books, clock: Clock.Clock) {
    this.books = books
    this.clock = clock
    this.startedAt = clock.currentTimeMillisUnsafe()
    this.verdict = books.judge()
  }

  /** Milliseconds since the start. */
  get elapsed(): number {
    return this.clock.currentTimeMillisUnsafe() - this.startedAt
  }
  get account(): AccountStatus | undefined {
    return this.accounts()[0]
  }

  watch(accounts: () => ReadonlyArray<AccountStatus>): void {
    this.accounts = accounts
  }

  tell(kind: Entry["kind"], text: string): void {
    this.told++
    this.story.push({ at: this.elapsed, kind, text })
    if (this.story.length > kept) this.story.splice(0, this.story.length - kept)
  }

  onFault(fault: Fault): void {
    this.tell("fault", nameOf(fault))
    if (breaksCalls.has(fault.kind)) this.calls ??= { at: this.elapsed, failures: this.failedCalls }
  }

  /** Calls that failed, by what the books hold: refused for now, broken, or repeated because the answer got lost. */
  private get failedCalls(): number {
    const { books } = this
    return ["status:429", "status:500", "status:502", "refused:40054005"].reduce(
      (sum, name) => sum + books.count(name),
      0
    )
  }

  /** After failing calls: the outbox has got rid of everything. */
  private onSent(): void {
    if (this.calls === undefined || this.failedCalls === this.calls.failures) return
    if (this.account?.messagesWaiting !== 0) return
    this.tell("recovery", `outbox empty again after ${this.elapsed - this.calls.at} ms`)
    this.calls = undefined
  }

  /** Once a second: how much was said in it, and what the books say now. */
  second(): void {
    this.perSecond.push(this.books.said - this.saidBefore)
    this.saidBefore = this.books.said
    // Judging costs as much as was said: a long run is judged less often.
    if (this.perSecond.length % (1 + Math.floor(this.books.said / 50_000)) !== 0) return
    const now = this.clock.currentTimeMillisUnsafe()
    const { forfeited, unheard } = this.books.judge()
    this.unheard = forfeited.length + unheard.length
    this.verdict = this.books.judge({ owes: ({ at, replies }) => replies.length > 0 || now - at > overdue })
  }

  onStatus(status: Status): void {
    switch (status._tag) {
      case "ConnectionChanged":
        return this.onState(status.to)
      case "RungClimbed":
        return status.isPassed ? undefined : this.tell("trouble", `climbs to "${status.rung}" after ${status.failures}`)
      case "BreakerChanged":
        return this.tell(status.state === "closed" ? "recovery" : "trouble", `breaker ${status.state}`)
      case "IntakePaused":
        return this.tell("trouble", `intake paused: ${status.why}`)
      case "HoldPlaced":
        return this.tell("note", `a person took over: ${status.reason}`)
      case "HoldReleased":
        return this.tell("note", "a person gave back what was held")
      case "StoreFailed":
        return this.tell("trouble", status.error.message)
      case "EventDeadLettered":
        return this.tell("trouble", `dead letter: ${status.reason}`)
      case "MessageSettled":
        if (status.status === "sent") return this.onSent()
        return this.tell("trouble", `message ${status.status}: ${status.reason ?? ""}`)
      case "FrameIgnored":
        return this.tell("recovery", `ignored a frame: ${status.why}`)
      case "GapRecorded":
        return this.tell("note", `gap recorded: ${status.gap.why}`)
      case "DrainStarted":
        return this.tell("note", "draining")
      case "Drained":
        return this.tell("note", `drained; left: ${status.leftTurns} events, ${status.leftMessages} messages`)
      case "IntakeResumed":
        return this.tell("recovery", "intake resumed")
      case "StoreRecovered":
        return this.tell("recovery", "the store works again")
    }
  }

  private onState(to: ConnectionState): void {
    this.state = to._tag
    if (to._tag === "Ready") {
      this.connected.openUnsafe()
      this.lost.closeUnsafe()
      if (!to.resumed) this.sessionStarts++
      const how = to.session === "webhook" ? "by webhook" : to.resumed ? "resumed" : "new session"
      if (this.lostAt === undefined) return this.tell("note", `connected, ${how}`)
      this.reconnects++
      this.tell("recovery", `connected again after ${this.elapsed - this.lostAt} ms, ${how}`)
      this.lostAt = undefined
      return
    }
    this.connected.closeUnsafe()
    this.lost.openUnsafe()
    if (to._tag !== "Reconnecting" && to._tag !== "Failed") return
    this.lostAt ??= this.elapsed
    this.tell("trouble", to.cause.reason.message)
  }
}
