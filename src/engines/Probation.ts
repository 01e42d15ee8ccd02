/**
 * Finds the event that ends the process: an endless loop of memory, an exit, a native crash in its handler. Retries are
 * counted in memory, so after a restart such an event would come again as the first time, and so for ever.
 *
 * A lane that such an event stands in gets no further from one process to the next. So each process writes down, once,
 * where the lanes it took over begin; a lane that still begins there in the next process is on probation, all others run
 * freely, and so do live events: neither the hot path nor the recovery from a plain crash writes anything more. Before a
 * handler of an event on probation runs, that is put on record in the store, for a batch of its lane at once. Whatever is
 * on record when a process starts may have ended the last one, and is blamed. What was blamed runs one at a time in the
 * whole process, each on record alone, so that the next death blames one event and not its neighbours. What was blamed
 * twice waits until the process has lived a while without it: who is killed from outside, again and again, must not bury
 * what happened to run. After `maxCrashes` deaths it becomes a dead letter; an innocent one ends,
 * and its blame with it, once it is settled. The journal keeps its order: whatever ran before is settled when the next is on record.
 */
import { Context, Effect, Layer, Result, Schema } from "effect"
import { laneKey } from "../domain/Conversation.ts"
import { type PendingEvent, Store } from "../ports/Store.ts"
import type { Alarm } from "./Alarm.ts"
import { Journal } from "./Journal.ts"
import * as Recovery from "./Recovery.ts"

/** Lanes whose events were never blamed and may run side by side, and how many events of one go on record at once. */
const lanes = 32
const batch = 8

/** Milliseconds that a process must have lived before it tries an event that so many others ended with. */
const probationAfter = (deaths: number): number => 5000 * (deaths - 1)

const OnRecord = Schema.fromJsonString(
  Schema.Struct({
    /** Ids of events whose handlers run, or may begin before the next write. */
    trying: Schema.Array(Schema.Int),
    /** Id → deaths of a process while its handler ran. */
    blamed: Schema.Record(Schema.String, Schema.Int)
  })
)
const decode = Schema.decodeUnknownResult(OnRecord)
const encode = Schema.encodeSync(OnRecord)

/** Ids of the first events of lanes. */
const Heads = Schema.fromJsonString(Schema.Array(Schema.Int))
const decodeHeads = Schema.decodeUnknownResult(Heads)
const encodeHeads = Schema.encodeSync(Heads)

interface Waiting {
  readonly id: number
  readonly go: () => void
}

/** Lets one in; the others wait their turn. */
class Turnstile {
  private isTaken = false
  private readonly queue: Array<() => void> = []

  enter(go: () => void): void {
    if (this.isTaken) this.queue.push(go)
    else {
      this.isTaken = true
      go()
    }
  }
  leave(): void {
    const next = this.queue.shift()
    if (next === undefined) this.isTaken = false
    else next()
  }
}

/** Events that went on record together. */
interface Batch {
  left: number
  readonly isBlamed: boolean
}

/** The events of one account that an earlier process left behind. */
export class AccountProbation {
  /** No event with a higher id is on probation. Compared for every event; 0 as long as there are none. */
  upTo = 0
  private readonly trying = new Map<number, Batch>()
  private running = 0
  private readonly recalled = new Map<number, number>()
  private readonly blamed = new Map<number, number>()
  /** Who is on probation, and who comes after it in its lane. */
  private readonly following = new Map<number, number | undefined>()
  /** Where the lanes began in the last process, and where they begin now. */
  private readonly recalledHeads = new Set<number>()
  private readonly heads: Array<number> = []
  /** The last event of each lane so far; none where the lane is free. */
  private readonly lastOf = new Map<string, number | undefined>()
  private since = 0
  private version = 0
  private headsVersion = 0
  private isWriting = false
  private isDirty = false
  private isStopped = false
  /** On their way into the record. */
  private marked: Array<Waiting> = []
  private readonly waiting: Array<Waiting> = []
  private readonly key: string
  private readonly headsKey: string
  private readonly suspects: Turnstile
  private readonly ports: Ports

  constructor(account: string, suspects: Turnstile, ports: Ports) {
    this.key = `${account}/probation`
    this.headsKey = `${account}/probation-heads`
    this.suspects = suspects
    this.ports = ports
  }

  /** Reads the record of the last process: what it was trying when it ended is blamed once more. */
  get recall(): Effect.Effect<void> {
    return Effect.map(this.read, ({ blamed, heads, trying }) => {
      this.since = this.ports.alarm.now()
      for (const [id, deaths] of Object.entries(blamed)) this.recalled.set(Number(id), deaths)
      for (const id of trying) this.recalled.set(id, (this.recalled.get(id) ?? 0) + 1)
      for (const id of heads) this.recalledHeads.add(id)
    })
  }

  private get read() {
    return Effect.map(
      Recovery.patient(this.ports, (store) => store.state([this.key, this.headsKey])),
      ([entry, heads]) => {
        this.version = entry?.version ?? 0
        this.headsVersion = heads?.version ?? 0
        // A record that cannot be read blames nobody.
        const { blamed, trying } = Result.getOrElse(decode(entry?.value), () => ({ trying: [], blamed: {} }))
        return { blamed, trying, heads: Result.getOrElse(decodeHeads(heads?.value), () => []) }
      }
    )
  }

  /** Takes an event that an earlier process left, in order; returns how many processes ended while its handler ran. */
  take({ conversation, id, notBefore }: PendingEvent): number {
    const deaths = this.recalled.get(id) ?? 0
    // Only what is still pending: the others were settled, by us or by a person.
    if (deaths > 0) this.blamed.set(id, deaths)
    // What waits for a later time is in nobody's way, and would keep its batch open until then.
    if (deaths > 0 || notBefore !== undefined) this.watch(id)
    else this.join(laneKey(conversation), id)
    return deaths
  }

  private join(lane: string, id: number): void {
    const isHead = !this.lastOf.has(lane)
    if (isHead) this.heads.push(id)
    const last = this.lastOf.get(lane)
    const isFree = isHead ? !this.recalledHeads.has(id) : last === undefined
    this.lastOf.set(lane, isFree ? undefined : id)
    if (isFree) return
    if (last !== undefined) this.following.set(last, id)
    this.watch(id)
  }

  private watch(id: number): void {
    this.following.set(id, undefined)
    this.upTo = Math.max(this.upTo, id)
  }

  /** All were taken: writes down where the lanes begin. Nothing that was taken may run before. */
  get taken(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.lastOf.clear()
      this.recalled.clear()
      this.recalledHeads.clear()
      const heads = this.heads.splice(0)
      return heads.length === 0 ? Effect.void : this.writeHeads(encodeHeads(heads))
    })
  }

  private writeHeads(value: string): Effect.Effect<void> {
    const written = Effect.callback<boolean>((resume) => {
      const state = [{ key: this.headsKey, value, expected: this.headsVersion }]
      this.ports.journal.turn({ eventId: undefined, messages: [], state }, ({ _tag }) =>
        resume(Effect.succeed(_tag !== "Conflict"))
      )
    })
    return Effect.flatMap(written, (done) =>
      done ? Effect.void : Effect.flatMap(this.read, () => this.writeHeads(value))
    )
  }

  /** Whether its handler may run at once: it is not on probation, or that is on record. */
  mayRun(id: number): boolean {
    return !this.following.has(id) || this.trying.has(id)
  }

  /** Calls `go` when it is on record that this event is tried, and not before it is its turn. */
  admit(id: number, go: () => void): void {
    const waiting = { id, go }
    const deaths = this.blamed.get(id)
    if (deaths !== undefined) {
      const enter = () => this.suspects.enter(() => (this.isStopped ? this.suspects.leave() : this.mark(waiting)))
      if (deaths === 1) enter()
      else this.ports.alarm.set(this.since + probationAfter(deaths), enter)
    } else if (this.running < lanes) this.mark(waiting)
    else this.waiting.push(waiting)
  }

  /** Its handler ended, and the process did not. */
  ended(id: number): void {
    const batch = this.trying.get(id)
    if (batch === undefined) return
    this.trying.delete(id)
    if (--batch.left > 0) return
    if (batch.isBlamed) this.suspects.leave()
    else this.running--
    const next = this.running < lanes ? this.waiting.shift() : undefined
    if (next !== undefined) this.mark(next)
    else this.write()
  }

  /** Nothing more begins, and what runs is interrupted: whoever waited on record behind it is not to be blamed. */
  stop(): void {
    this.isStopped = true
    if (this.trying.size === 0) return
    const isSuspectIn = [...this.trying.values()].some(({ isBlamed }) => isBlamed)
    this.trying.clear()
    this.write()
    if (isSuspectIn) this.suspects.leave()
  }

  private mark(waiting: Waiting): void {
    const isBlamed = this.blamed.has(waiting.id)
    const own: Batch = { left: 0, isBlamed }
    if (!isBlamed) this.running++
    for (let id: number | undefined = waiting.id; id !== undefined && own.left < batch; ) {
      this.trying.set(id, own)
      own.left++
      const next: number | undefined = isBlamed ? undefined : this.following.get(id)
      // A retry goes on record alone: the others of its batch may have ended.
      this.following.set(id, undefined)
      id = next
    }
    this.marked.push(waiting)
    this.write()
  }

  /** One write at a time: what changes meanwhile is in the next. */
  private write(): void {
    this.isDirty = true
    if (this.isWriting) return
    this.isWriting = true
    this.isDirty = false
    const marked = this.marked
    this.marked = []
    const value = encode({ trying: [...this.trying.keys()], blamed: Object.fromEntries(this.blamed) })
    const state = [{ key: this.key, value, expected: this.version }]
    this.ports.journal.turn({ eventId: undefined, messages: [], state }, (result) => {
      this.isWriting = false
      if (result._tag === "Conflict") {
        this.marked = [...marked, ...this.marked]
        this.ports.fork(Effect.map(this.read, () => this.write()))
        return
      }
      if (result._tag === "Committed") this.version = result.versions[0] ?? this.version
      for (const { go } of marked) go()
      if (this.isDirty) this.write()
    })
  }
}

interface Ports {
  readonly store: Store["Service"]
  readonly journal: Journal["Service"]
  readonly alarm: Pick<Alarm, "now" | "set">
  readonly fork: (effect: Effect.Effect<void>) => unknown
}

export class Probation extends Context.Service<
  Probation,
  { readonly of: (account: string, ports: Pick<Ports, "alarm" | "fork">) => AccountProbation }
>()("everbot/engines/Probation") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function* () {
      const store = yield* Store
      const journal = yield* Journal
      const suspects = new Turnstile()
      return { of: (account, ports) => new AccountProbation(account, suspects, { store, journal, ...ports }) }
    })
  )
}
