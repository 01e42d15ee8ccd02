/**
 * A {@link Store} in memory: nothing survives the process. For tests, for trying things out, and for simulations.
 *
 * {@link layer} applies a commit at once. {@link layerCrashable} has a disk that outlives the process: commits wait
 * their turn in a queue, and {@link Crashable} can make the store slow, busy, full, stuck, or end it in the middle.
 */
import { Deferred, Duration, Effect, Exit, Latch, Layer, Queue } from "effect"
import { Inaccessible, type Reason, StoreError, Superseded } from "../domain/StoreError.ts"
import { type Commit, type CommitResult, type NewEvent, Store } from "../ports/Store.ts"
import { Journal } from "./memory/Journal.ts"

const pipeline = 2

/** The caller may reuse its buffers as soon as `commit` was called. */
const copy = (commit: Commit): Commit =>
  commit.events.length === 0 ? commit : { ...commit, events: commit.events.map(copyEvent) }

// Field by field: what callers pass may be a class with getters, which a spread would lose.
const copyEvent = ({ conversation, key, raw, receivedAt }: NewEvent): NewEvent => ({
  conversation,
  key,
  receivedAt,
  raw: raw.slice()
})

const immediate = (journal: Journal) =>
  Store.of({
    pipeline,
    commit: (commit) => Effect.sync(() => journal.apply(copy(commit))),
    positions: (account) => Effect.sync(() => journal.positions(account)),
    pendingEvents: (account, page) => Effect.sync(() => journal.pendingEvents(account, page)),
    events: (ids) => Effect.sync(() => journal.events(ids)),
    pendingMessages: (account, page) => Effect.sync(() => journal.pendingMessages(account, page)),
    auditing: (account, auditId) => Effect.sync(() => journal.auditing(account, auditId)),
    state: (keys) => Effect.sync(() => journal.state(keys)),
    stateKeys: (page) => Effect.sync(() => journal.stateKeys(page)),
    accounts: Effect.sync(() => journal.accounts()),
    deadLetters: (account, page) => Effect.sync(() => journal.deadLetters(account, page)),
    requeue: (letter) => Effect.sync(() => journal.requeue(letter)),
    discard: (letter) => Effect.sync(() => journal.discard(letter)),
    gaps: (account) => Effect.sync(() => journal.gaps(account)),
    counts: (account) => Effect.sync(() => journal.counts(account)),
    prune: (cutoffs) => Effect.sync(() => journal.prune(cutoffs))
  })

/** A store that forgets everything when its layer is closed. */
export const layer: Layer.Layer<Store> = Layer.sync(Store, () => immediate(new Journal()))

/** A disk in memory, and the ways to hurt the stores that are built on it. */
export interface Crashable {
  /** Each build is a new process on the same disk. It finds what earlier ones committed. */
  readonly layer: Layer.Layer<Store>
  /**
   * Ends the processes built so far, as SIGKILL would: commits under way that were not yet applied are forgotten, and
   * everything a dead process still asks for fails with `Inaccessible` and changes nothing.
   */
  readonly crash: Effect.Effect<void>
  /** The next `count` commits fail for this reason; those under way behind one are `Superseded`. */
  readonly failNext: (count: number, reason: Reason) => Effect.Effect<void>
  /** The next `count` commits are applied, and yet fail for this reason: their answers are lost. */
  readonly loseAnswers: (count: number, reason: Reason) => Effect.Effect<void>
  /** From now on no commit is applied and no read answered, until {@link resume}. */
  readonly hang: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /**
   * How long a commit takes: half before it is applied, half before its caller hears of it.
   * @defaultValue 0: it yields, but takes no time
   */
  readonly slow: (latency: Duration.Input) => Effect.Effect<void>
}

interface Job {
  readonly commit: Commit
  /** Commits called before a failure was told belong to an older generation than those called after. */
  readonly generation: number
  readonly done: Deferred.Deferred<CommitResult, StoreError>
}

const refuse = (operation: string, reason: Reason) => new StoreError({ operation, reason })
const crashed = (operation: string) => refuse(operation, new Inaccessible({ detail: "the process ended" }))

/** A new, empty disk. */
export const make = (): Crashable => {
  const journal = new Journal()
  const gate = Latch.makeUnsafe(true)
  let failures = 0
  let lost = 0
  let failure: Reason = new Inaccessible({ detail: "told to fail" })
  let half: Duration.Duration = Duration.zero
  let life = 0
  const processes = new Set<() => void>()

  const store = Effect.gen(function* () {
    const born = life
    const store = immediate(journal)
    const jobs = yield* Queue.bounded<Job>(64)
    const underWay = new Set<Job>()
    const end = () => {
      for (const job of underWay) Deferred.doneUnsafe(job.done, Exit.fail(crashed("commit")))
      underWay.clear()
    }
    processes.add(end)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        processes.delete(end)
        end()
      })
    )
    let generation = 0
    let refused = -1

    const apply = (job: Job): Exit.Exit<CommitResult, StoreError> => {
      if (born !== life) return Exit.fail(crashed("commit"))
      if (job.generation <= refused) return Exit.fail(refuse("commit", new Superseded()))
      if (lost > 0) {
        journal.apply(job.commit)
        // Those behind it are applied as well while answers are lost: the caller must not rely on either.
        if (--lost === 0) refused = job.generation
        return Exit.fail(refuse("commit", failure))
      }
      if (failures === 0) return Exit.succeed(journal.apply(job.commit))
      failures--
      refused = job.generation
      return Exit.fail(refuse("commit", failure))
    }
    const tell = (job: Job, exit: Exit.Exit<CommitResult, StoreError>) => {
      generation = Math.max(generation, refused + 1)
      underWay.delete(job)
      Deferred.doneUnsafe(job.done, exit)
    }
    yield* Effect.gen(function* () {
      const job = yield* Queue.take(jobs)
      if (!Duration.isZero(half)) yield* Effect.sleep(half)
      yield* gate.await
      const exit = apply(job)
      if (!Duration.isZero(half)) yield* Effect.sleep(half)
      tell(job, exit)
    }).pipe(Effect.forever, Effect.forkScoped)

    const alive = <A>(operation: string, read: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
      Effect.flatMap(gate.await, () => (born === life ? read : Effect.fail(crashed(operation))))

    return Store.of({
      pipeline,
      commit: (commit) =>
        Effect.suspend(() => {
          if (born !== life) return Effect.fail(crashed("commit"))
          const job: Job = { commit: copy(commit), generation, done: Deferred.makeUnsafe() }
          underWay.add(job)
          return Effect.andThen(Queue.offer(jobs, job), Deferred.await(job.done))
        }),
      positions: (account) => alive("positions", store.positions(account)),
      pendingEvents: (account, page) => alive("pendingEvents", store.pendingEvents(account, page)),
      events: (ids) => alive("events", store.events(ids)),
      pendingMessages: (account, page) => alive("pendingMessages", store.pendingMessages(account, page)),
      auditing: (account, auditId) => alive("auditing", store.auditing(account, auditId)),
      state: (keys) => alive("state", store.state(keys)),
      stateKeys: (page) => alive("stateKeys", store.stateKeys(page)),
      accounts: alive("accounts", store.accounts),
      deadLetters: (account, page) => alive("deadLetters", store.deadLetters(account, page)),
      requeue: (letter) => alive("requeue", store.requeue(letter)),
      discard: (letter) => alive("discard", store.discard(letter)),
      gaps: (account) => alive("gaps", store.gaps(account)),
      counts: (account) => alive("counts", store.counts(account)),
      prune: (cutoffs) => alive("prune", store.prune(cutoffs))
    })
  })

  return {
    layer: Layer.fresh(Layer.effect(Store, store)),
    crash: Effect.sync(() => {
      life++
      for (const end of processes) end()
      processes.clear()
    }),
    failNext: (count, reason) =>
      Effect.sync(() => {
        failures = count
        failure = reason
      }),
    loseAnswers: (count, reason) =>
      Effect.sync(() => {
        lost = count
        failure = reason
      }),
    hang: Effect.sync(() => gate.closeUnsafe()),
    resume: Effect.sync(() => gate.openUnsafe()),
    slow: (duration) =>
      Effect.sync(() => {
        half = Duration.times(Duration.fromInputUnsafe(duration), 0.5)
      })
  }
}
