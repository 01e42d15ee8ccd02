/**
 * Measures how the bot is, round after round, and repairs what can be repaired.
 *
 * Nothing is remembered but since when a verdict holds: each round looks anew, so what got well is well. A check that
 * fails, dies, takes too long or cannot even be stopped says so about itself and holds up no other. A change of a
 * verdict is published as `HealthChanged`, a repair as `RepairStarted`; whether it helped is what the next round finds.
 */
import { Clock, Context, Duration, Effect, Fiber, Layer, type Scope, Semaphore } from "effect"
import { type AccountHealth, type CheckReport, type HealthReport, type Level, worst } from "../domain/Health.ts"
import { Journal } from "../engines/Journal.ts"
import { Runtime } from "../engines/Runtime.ts"
import { StatusStream } from "../engines/StatusStream.ts"
import { Backups } from "../ports/Backups.ts"
import { Store } from "../ports/Store.ts"
import { ofAccount, type Scene } from "./health/AccountChecks.ts"
import { type Check, type Finding, toFinding, unhealthy, whyFailed } from "./health/Check.ts"
import { Chronicle } from "./health/Chronicle.ts"
import { Disk } from "./health/Disk.ts"
import { LoopDelay } from "./health/LoopDelay.ts"
import { Memory } from "./health/Memory.ts"
import { type Options, resolve } from "./health/Options.ts"
import * as ProcessChecks from "./health/ProcessChecks.ts"
import { span } from "./health/Span.ts"

export type { AccountHealth, CheckReport, HealthReport, Level, Verdict } from "../domain/Health.ts"
export { type Check, type CheckOptions, check, degraded, Finding, healthy, remark, unhealthy } from "./health/Check.ts"
export { defaultBacklogLimit, defaultNumbers, defaults, type Options } from "./health/Options.ts"

export class Health extends Context.Service<
  Health,
  {
    /** The report of the latest round; measured now if there was none. */
    readonly report: Effect.Effect<HealthReport>
    /** Adds a check until the scope closes. */
    readonly add: (check: Check) => Effect.Effect<void, never, Scope.Scope>
  }
>()("everbot/monitor/Health") {}

/** A process that slept this much longer than it wanted (milliseconds) stood still. */
const standstill = 5000
/** A repair that takes longer is interrupted. */
const repairTimeout = Duration.seconds(30)

interface Examined {
  readonly key: string
  readonly check: Check
  readonly finding: Finding
  /** Milliseconds. */
  readonly took: number
}

const make = Effect.fnUntraced(function* (options: Options | false) {
  const limits = resolve(options === false ? {} : options)
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const runtime = yield* Runtime
  const store = yield* Store
  const journal = yield* Journal
  const status = yield* StatusStream
  const { scheduled } = yield* Backups
  const chronicle = new Chronicle(now)
  yield* chronicle.follow(status)
  let awakeSince = now()
  const scene: Scene = { limits, chronicle, store, awakeSince: () => awakeSince }
  const ofProcess = [
    ProcessChecks.store(store, journal, chronicle, limits),
    ProcessChecks.eventLoop(yield* yield* LoopDelay, limits),
    ProcessChecks.memory(yield* Memory, limits),
    ...(store.file === undefined ? [] : [ProcessChecks.disk(yield* Disk, store.file, limits)]),
    ...(options === false ? [] : (options.checks ?? []))
  ]
  const added = new Set<Check>()
  /** Checks and repairs under way, and since when. Usually gone within a moment; some cannot be stopped. */
  const underWay = new Map<string, number>()
  const held = new Map<string, { readonly level: Level; readonly since: number }>()
  let latest: HealthReport | undefined

  /** Runs what may hang for ever, and waits for it as long as its limit. `undefined`: it did not end. */
  const bounded = Effect.fnUntraced(function* (
    key: string,
    effect: Effect.Effect<unknown, unknown>,
    limit: Duration.Input
  ) {
    underWay.set(key, now())
    // Detached, because whoever waits for the interruption of what cannot be interrupted hangs as well.
    const fiber = yield* Effect.forkDetach(effect, { startImmediately: true })
    fiber.addObserver(() => underWay.delete(key))
    const exit = yield* Fiber.await(fiber).pipe(
      Effect.timeoutOption(limit),
      Effect.ensuring(Effect.sync(() => fiber.interruptUnsafe()))
    )
    return exit._tag === "None" ? undefined : exit.value
  })

  const look = Effect.fnUntraced(function* (key: string, check: Check) {
    const stuckSince = underWay.get(key)
    if (stuckSince !== undefined) return unhealthy(`a check begun ${span(now() - stuckSince)} ago has not ended`)
    const limit = Duration.fromInputUnsafe(check.timeout ?? Duration.millis(limits.timeout))
    const exit = yield* bounded(key, check.run, limit)
    if (exit === undefined) return unhealthy(`no answer within ${Duration.format(limit)}`)
    return exit._tag === "Success" ? toFinding(exit.value) : unhealthy(whyFailed(exit.cause))
  })

  const examine = Effect.fnUntraced(function* ([key, check]: readonly [string, Check]) {
    const startedAt = now()
    const finding = yield* Effect.catchCause(look(key, check), (cause) => Effect.succeed(unhealthy(whyFailed(cause))))
    return { key, check, finding, took: now() - startedAt } satisfies Examined
  })

  /** Notes since when a level holds, and tells when it changed. */
  const hold =
    (key: string, subject: { readonly account?: string | undefined; readonly check?: string | undefined }) =>
    (level: Level, reason: string | undefined): number => {
      const before = held.get(key)
      const from = before?.level ?? "healthy"
      const since = before !== undefined && from === level ? before.since : now()
      held.set(key, { level, since })
      if (from !== level) {
        const { account, check } = subject
        status.publish({ _tag: "HealthChanged", account, check, from, to: level, reason })
      }
      return since
    }

  const reportOf = ({ key, check, finding, took }: Examined): CheckReport => {
    const { level, reason } = finding
    const { name, account } = check
    return { name, account, level, reason, since: hold(key, { account, check: name })(level, reason), took }
  }

  const repair = ({ key, check, finding }: Examined): Effect.Effect<void> => {
    const repairing = `${key} repair`
    if (finding.repair === undefined || underWay.has(repairing)) return Effect.void
    const why = finding.reason ?? "it is unhealthy"
    status.publish({ _tag: "RepairStarted", account: check.account, check: check.name, why })
    return bounded(repairing, finding.repair, repairTimeout).pipe(
      Effect.flatMap((exit) =>
        exit?._tag === "Success"
          ? Effect.void
          : Effect.logWarning(`the ${check.name} check could not repair`, exit?.cause ?? "it took too long")
      ),
      Effect.forkDetach({ startImmediately: true }),
      Effect.asVoid
    )
  }

  const round = Effect.gen(function* () {
    const accounts = runtime.accounts()
    const ofBackups = Array.from(scheduled, (one) => ProcessChecks.backup(one, limits))
    const checks = keyed([
      ...ofProcess,
      ...ofBackups,
      ...added,
      ...accounts.flatMap((account) => ofAccount(account, scene))
    ])
    const examined = yield* Effect.forEach(checks, examine, { concurrency: "unbounded" })
    for (const key of held.keys()) if (key !== whole && !checks.has(key)) held.delete(key)
    const reports = examined.map(reportOf)
    const level = worst(reports)
    const bad = reports.filter((report) => report.level === level && level !== "healthy")
    const reason = bad.length === 0 ? undefined : bad.map(describe).join("; ")
    const since = hold(whole, {})(level, reason)
    latest = {
      level,
      since,
      at: now(),
      checks: reports.filter(({ account }) => account === undefined),
      accounts: accounts.map(({ platform }) => summary(platform.account, reports))
    }
    if (options !== false) yield* Effect.forEach(examined, repair, { discard: true })
    return latest
  })

  const turn = Semaphore.makeUnsafe(1)
  const measure = turn.withPermit(round)
  if (options !== false) {
    const watch = Effect.gen(function* () {
      const dueAt = now() + limits.interval
      yield* Effect.sleep(limits.interval)
      if (now() - dueAt > standstill) awakeSince = now()
      yield* measure
    })
    yield* watch.pipe(
      Effect.catchDefect((defect) => Effect.logError("a round of health checks failed", defect)),
      Effect.forever,
      Effect.forkScoped
    )
  }
  /** The latest report, unless nobody measures any more: then it would be a memory of better days. */
  const fresh = () => {
    if (latest === undefined || options === false) return undefined
    return now() - latest.at > patience * limits.interval + longestRound ? undefined : latest
  }
  // Who asks while a round is under way does not wait for it: a check that hangs would make the answer hang, too.
  const report = Effect.suspend(() => {
    const known = fresh()
    if (known !== undefined) return Effect.succeed(known)
    return turn.withPermit(Effect.suspend(() => Effect.fromNullishOr(fresh()).pipe(Effect.catch(() => round))))
  })
  return Health.of({
    report,
    add: (check) =>
      Effect.asVoid(
        Effect.acquireRelease(
          Effect.sync(() => added.add(check)),
          () => Effect.sync(() => added.delete(check))
        )
      )
  })
})

const whole = ""

/** Rounds that may fail to come before the latest report counts for nothing, and what one may take (milliseconds). */
const patience = 2
const longestRound = 60_000

/** Gives every check a name of its own within its account. */
const keyed = (checks: ReadonlyArray<Check>): ReadonlyMap<string, Check> => {
  const named = new Map<string, Check>()
  for (const check of checks) {
    const name = `${check.account ?? ""}/${check.name}`
    let key = name
    for (let n = 2; named.has(key); n++) key = `${name} #${n}`
    named.set(key, check)
  }
  return named
}

const describe = ({ account, name, reason }: CheckReport): string =>
  `${account === undefined ? "" : `${account} `}${name}${reason === undefined ? "" : `: ${reason}`}`

const summary = (account: string, reports: ReadonlyArray<CheckReport>): AccountHealth => {
  const checks = reports.filter((report) => report.account === account)
  return { account, level: worst(checks), checks }
}

/**
 * Measures every `interval` and repairs; with `false` only when asked, and repairs nothing. Bad limits are a defect, a
 * ConfigError.
 */
export const layer = (
  options: Options | false = {}
): Layer.Layer<Health, never, Runtime | Store | Journal | StatusStream> =>
  Layer.effect(Health, make(options)).pipe(Layer.provide(Backups.layer))
