/**
 * A store that keeps only committed work, and has a disk's bad days: slow, busy, full, stuck, and answers that get lost
 * after the work was done. Its ledger is the simulation's own account of what became durable; the bot cannot see it.
 */
import { Duration, Effect, Layer } from "effect"
import { Busy, Full, Inaccessible, type Reason, StoreError, Superseded } from "../../src/domain/StoreError.ts"
import * as Retention from "../../src/engines/Retention.ts"
import { type Commit, type CommitResult, type NewEvent, Store } from "../../src/ports/Store.ts"
import { Journal } from "../../src/stores/memory/Journal.ts"
import type { Chance } from "./Chance.ts"
import { Ledger } from "./Ledger.ts"
import type { Life, Realm } from "./Realm.ts"
import type { Setting } from "./Setting.ts"

/** How the disk does at the moment. */
export interface Weather {
  /** Milliseconds that a commit takes on average. */
  latency: number
  /** Chance of a commit to fail without having been applied. */
  fails: number
  /** Chance of a commit to be applied and to fail all the same. */
  lies: number
  /** Chance of a read to fail. */
  readsFail: number
  /** Nothing is applied or answered. */
  isStuck: boolean
}

interface Job {
  readonly commit: Commit
  readonly generation: number
  readonly answer: (effect: Effect.Effect<CommitResult, StoreError>) => void
}

const copyEvent = ({ conversation, key, raw, receivedAt }: NewEvent): NewEvent => ({
  conversation: { ...conversation },
  key,
  receivedAt,
  raw: raw.slice()
})

const reasons: ReadonlyArray<Reason> = [
  new Busy({ detail: "simulated" }),
  new Full({ detail: "simulated" }),
  new Inaccessible({ detail: "simulated" })
]

/** Answers of one run that a repeat is given again, as many as the contract asks a store to remember. */
const remembered = 4

export class Disk {
  readonly journal = new Journal()
  readonly ledger: Ledger
  readonly weather: Weather
  readonly calm: Weather
  private readonly answers = new Map<string, Map<number, CommitResult>>()
  private readonly processes = new Map<Life, Process>()
  private readonly waiting: Array<() => void> = []

  readonly realm: Realm
  readonly chance: Chance
  /** Milliseconds that rows look older to a prune: a bot keeps them for a day at least, and a world ends sooner. */
  readonly ageing: number

  constructor(
    realm: Realm,
    chance: Chance,
    { diskLatency: latency, retention }: Pick<Setting, "diskLatency" | "retention">
  ) {
    this.realm = realm
    this.chance = chance
    this.ageing = Math.max(0, Duration.toMillis(Retention.shortest) - retention)
    this.ledger = new Ledger(realm)
    this.calm = { latency, fails: 0, lies: 0, readsFail: 0, isStuck: false }
    this.weather = { ...this.calm }
  }

  /** The disk as this process sees it. */
  layer(life: Life): Layer.Layer<Store> {
    const process = new Process(this, life)
    this.processes.set(life, process)
    return Layer.succeed(Store, process.store())
  }

  /** The process is gone. What it had handed over may still be applied, in order, up to some point. */
  crash(life: Life): void {
    const left = this.processes.get(life)?.end() ?? []
    this.processes.delete(life)
    const until = this.chance.int(0, left.length)
    for (const job of left.slice(0, until)) this.apply(job.commit)
  }

  turn(weather: Partial<Weather>): void {
    Object.assign(this.weather, weather)
    if (this.weather.isStuck) return
    for (const resume of this.waiting.splice(0)) resume()
  }

  /** Calls `run` when the disk answers. */
  whenMoving(run: () => void): void {
    if (this.weather.isStuck) this.waiting.push(run)
    else run()
  }

  apply(commit: Commit): CommitResult {
    const { token } = commit
    const known = token && this.answers.get(token.run)?.get(token.seq)
    if (known !== undefined) return known
    const result = this.journal.apply({ ...commit, token: undefined })
    this.ledger.applied(commit, result)
    if (token !== undefined) {
      const answers = this.answers.get(token.run) ?? new Map<number, CommitResult>()
      this.answers.set(token.run, answers.set(token.seq, result))
      answers.delete(token.seq - remembered)
    }
    return result
  }

  refusal(): Reason {
    return this.chance.pick(reasons)
  }
}

/** What one process asks of the disk. Commits are worked off one after the other. */
class Process {
  private readonly jobs: Array<Job> = []
  private isBusy = false
  /** Commits called before a failure was told belong to an older generation than those called after. */
  private generation = 0
  private refused = -1
  private readonly disk: Disk
  private readonly life: Life

  constructor(disk: Disk, life: Life) {
    this.disk = disk
    this.life = life
  }

  end(): ReadonlyArray<Job> {
    return this.jobs.splice(0)
  }

  private readonly commit = (commit: Commit): Effect.Effect<CommitResult, StoreError> =>
    Effect.callback((resume) => {
      // Field by field: events may be objects with getters, and the caller may reuse their buffers later.
      const copy = { ...commit, events: commit.events.map(copyEvent) }
      this.jobs.push({ commit: copy, generation: this.generation, answer: resume })
      this.next()
    })

  private latency(): number {
    return (this.disk.weather.latency / 2) * (0.5 + this.disk.chance.next())
  }

  private next(): void {
    const job = this.jobs[0]
    if (this.isBusy || job === undefined) return
    this.isBusy = true
    const { disk } = this
    disk.realm.later(this.latency(), () =>
      disk.whenMoving(() => {
        if (this.life.isOver) return
        const answer = this.work(job)
        this.jobs.shift()
        disk.realm.later(this.latency(), () => disk.whenMoving(() => this.tell(job, answer)))
      })
    )
  }

  private work({ commit, generation }: Job): Effect.Effect<CommitResult, StoreError> {
    const { disk } = this
    const fail = (reason: Reason) => Effect.fail(new StoreError({ operation: "commit", reason }))
    if (generation <= this.refused) return fail(new Superseded())
    const chance = disk.chance.next()
    const { fails, lies } = disk.weather
    if (chance >= fails + lies) return Effect.succeed(disk.apply(commit))
    if (chance < lies) disk.apply(commit)
    this.refused = generation
    disk.ledger.failures++
    return fail(disk.refusal())
  }

  private tell(job: Job, answer: Effect.Effect<CommitResult, StoreError>): void {
    this.disk.realm.enter(this.life, () => {
      this.generation = Math.max(this.generation, this.refused + 1)
      this.isBusy = false
      job.answer(answer)
      this.next()
    })
  }

  private read<A>(operation: string, find: (journal: Journal) => A): Effect.Effect<A, StoreError> {
    const { disk, life } = this
    return Effect.callback((resume) => {
      disk.realm.later(this.latency(), () =>
        disk.whenMoving(() => {
          const isRefused = disk.chance.isTrue(disk.weather.readsFail)
          const answer = isRefused
            ? Effect.fail(new StoreError({ operation, reason: disk.refusal() }))
            : Effect.succeed(find(disk.journal))
          disk.realm.later(this.latency(), () => disk.realm.enter(life, () => resume(answer)))
        })
      )
    })
  }

  store(): Store["Service"] {
    return Store.of({
      pipeline: 2,
      commit: this.commit,
      positions: (account) => this.read("positions", (journal) => journal.positions(account)),
      pendingEvents: (account, page) => this.read("pendingEvents", (journal) => journal.pendingEvents(account, page)),
      events: (ids) => this.read("events", (journal) => journal.events(ids)),
      pendingMessages: (account, page) =>
        this.read("pendingMessages", (journal) => journal.pendingMessages(account, page)),
      auditing: (account, auditId) => this.read("auditing", (journal) => journal.auditing(account, auditId)),
      state: (keys) => this.read("state", (journal) => journal.state(keys)),
      stateKeys: (page) => this.read("stateKeys", (journal) => journal.stateKeys(page)),
      accounts: this.read("accounts", (journal) => journal.accounts()),
      deadLetters: (account, page) => this.read("deadLetters", (journal) => journal.deadLetters(account, page)),
      requeue: (letter) => this.read("requeue", (journal) => journal.requeue(letter)),
      discard: (letter) => this.read("discard", (journal) => journal.discard(letter)),
      gaps: (account) => this.read("gaps", (journal) => journal.gaps(account)),
      counts: (account) => this.read("counts", (journal) => journal.counts(account)),
      prune: ({ events = 0, sent = 0 }) => {
        const { ageing } = this.disk
        return this.read("prune", (journal) => journal.prune({ events: events + ageing, sent: sent + ageing }))
      }
    })
  }
}
