/** One run: the world of a plan, from the first life of the bot to the judgement. */
import { Cause, Effect, Exit } from "effect"
import { laneKey } from "../../src/domain/Conversation.ts"
import type { Status } from "../../src/domain/Status.ts"
import { toLog } from "../../src/monitor/StatusLog.ts"
import { sentence } from "./App.ts"
import { Chance } from "./Chance.ts"
import { keyOf, quote } from "./checkers/facts.ts"
import { judge } from "./checkers/index.ts"
import { Disk } from "./Disk.ts"
import type { Evidence, LifeEntry, Outcome, Spoken, Violation } from "./Evidence.ts"
import type { Event, Plan, Say } from "./Plan.ts"
import * as Process from "./Process.ts"
import { Life, Realm } from "./Realm.ts"
import { Site } from "./Site.ts"
import { Snapshots } from "./Snapshots.ts"
import { Trace } from "./Trace.ts"
import { Watch } from "./Watch.ts"

/** How long the bot may take to mend itself once nothing is wrong any more. */
const patience = 20 * 60_000
/** What messages are put off by at the most, in milliseconds. After that it is the changed clock that holds them. */
const longestDelay = 60_000
/** How long its last drain may take. */
const stillness = 60_000

export interface Options {
  readonly isTraced?: boolean
}

export const run = (plan: Plan, options: Options = {}): Outcome => new World(plan, options).run()

class World {
  private readonly plan: Plan
  private readonly realm: Realm
  private readonly trace: Trace
  private readonly disk: Disk
  private readonly snapshots: Snapshots
  private readonly sites: ReadonlyArray<Site>
  private readonly watch: Watch
  private readonly spoken = new Map<number, Spoken>()
  private readonly lives: Array<LifeEntry> = []
  private readonly statuses: Array<{ readonly at: number; readonly status: Status }> = []
  private readonly logs: Array<string> = []
  private life: Life
  private process: ReturnType<typeof Process.start> | undefined
  private isOver = false
  private quietAt: number | undefined
  private calmAt = 0
  private restless = ""
  private faults = 0
  private clockChanged = false

  constructor(plan: Plan, { isTraced = false }: Options) {
    const { setting } = plan
    this.plan = plan
    this.trace = new Trace(isTraced)
    this.life = new Life("outside", new Chance(setting.seed, "outside"))
    this.realm = new Realm(this.life, setting.taskCost)
    this.realm.onUncaught = (life, defect) => {
      this.found("heals", `an error that nobody caught would have ended the process: ${String(defect)}`)
      this.note(life.name, `uncaught ${String(defect)}`)
    }
    this.disk = new Disk(this.realm, new Chance(setting.seed, "disk"), setting)
    this.snapshots = new Snapshots(this.disk)
    this.sites = setting.accounts.map(
      (account) => new Site(this.realm, setting, account, (what) => this.note(account.appId, what))
    )
    this.watch = new Watch(this.disk, this.snapshots, setting, (what) => this.note(this.life.name, what))
  }

  private note(who: string, what: string): void {
    this.trace.add(this.realm.now, who, what)
  }
  private found(promise: string, detail: string): void {
    this.watch.violations.push({ promise, detail })
  }

  run(): Outcome {
    const { realm } = this
    const { setting, events } = this.plan
    for (const event of events) realm.later(event.at, () => this.perform(event))
    realm.later(0, () => this.begin())
    this.every(250, () => this.watch.measure())
    this.every(15_000, () => this.restartFailed())
    this.guarded(() => {
      realm.run(setting.troubleFor)
      this.settle()
    })
    return this.outcome()
  }

  /** A run that goes in circles is a finding like any other. */
  private guarded(body: () => void): void {
    try {
      body()
    } catch (defect) {
      this.found("stays-bounded", defect instanceof Error ? (defect.stack ?? defect.message) : String(defect))
    }
  }

  private every(millis: number, action: () => void): void {
    const again = () => {
      action()
      if (!this.isOver) this.realm.later(millis, again)
    }
    this.realm.later(millis, again)
  }

  /** No more trouble: the bot mends what is broken, says what it owes, and stops in order. */
  private settle(): void {
    const { realm } = this
    this.calmAt = realm.now
    this.note("outside", "calm")
    this.disk.turn(this.disk.calm)
    realm.skew = 0
    for (const site of this.sites) site.calm()
    this.every(1000, () => {
      this.restless = this.whyRestless()
      if (this.restless === "") realm.stop()
    })
    realm.run(this.calmAt + patience)
    if (this.restless !== "") return
    this.quietAt = realm.now
    this.note("outside", "quiet")
    realm.run(realm.now + 1)
    this.terminate(undefined)
    realm.run(realm.now + stillness)
  }

  private whyRestless(): string {
    const { ledger } = this.disk
    const runtime = this.watch.current
    if (runtime === undefined || this.life.isOver) return "the process is not running"
    for (const account of runtime.accounts()) {
      const name = account.platform.account
      const shards = account.shards()
      const lost = shards.find(({ state }) => state._tag !== "Ready")
      if (shards.length === 0 || lost !== undefined) return `${name} is ${lost?.state._tag ?? "not connected"}`
      if (account.relay.depth > 0) return `${name} has ${account.relay.depth} messages to send`
      if (account.dispatcher.lanes.backlog > 0)
        return `${name} has ${account.dispatcher.lanes.backlog} events to handle`
    }
    const soon = this.realm.trueTime + longestDelay
    const pending = ledger.unsettled(soon)
    if (pending !== undefined) return `event ${pending.id} (${pending.key}) is not settled`
    const waiting = ledger.unsent(soon)
    if (waiting !== undefined) return `message ${waiting.id} is ${waiting.status}: ${waiting.reason ?? ""}`
    for (const spoken of this.spoken.values()) {
      const isOwed = spoken.offered.deliveries.some(
        ({ session }) => session.endedAt === undefined && !session.abandoned
      )
      if (isOwed && ledger.event(spoken.site.account, keyOf(spoken)) === undefined)
        return `${quote(spoken)} is not stored`
    }
    return ""
  }

  // ---------------------------------------------------------------- the life of the process

  private begin(): void {
    const { realm } = this
    this.lives.push({
      ...{ name: `life ${this.lives.length + 1}`, startedAt: realm.now, wasQuiet: false },
      ...{ terminatedAt: undefined, endedAt: undefined, how: undefined, left: undefined }
    })
    const entry = this.lives.at(-1) as LifeEntry
    const life = new Life(entry.name, new Chance(this.plan.setting.seed, entry.name))
    this.life = life
    this.watch.reborn()
    this.watch.recovered = this.disk.ledger.pendingCount()
    this.watch.recoveredRows = this.disk.ledger.unsentCount()
    this.note(entry.name, "begins")
    this.process = Process.start(life, {
      ...{ realm, setting: this.plan.setting, disk: this.disk, snapshots: this.snapshots, sites: this.sites },
      witness: this.watch,
      onLog: (line) => void this.logs.push(line),
      onStatus: (status) => this.heard(status, entry),
      onExit: (exit) => this.exited(life, entry, exit)
    })
  }

  private heard(status: Status, entry: LifeEntry): void {
    this.statuses.push({ at: this.realm.now, status })
    this.note(this.life.name, toLog(status)[1])
    if (status._tag === "Drained") {
      entry.left = {
        turns: (entry.left?.turns ?? 0) + status.leftTurns,
        messages: (entry.left?.messages ?? 0) + status.leftMessages
      }
    }
    if (status._tag === "TurnFailed") this.watch.failed(status.account, laneKey(status.conversation))
  }

  private exited(life: Life, entry: LifeEntry, exit: Exit.Exit<never, unknown>): void {
    const isOrderly = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
    const how = isOrderly ? "drained" : Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "succeeded"
    this.gone(life, entry, how, false)
    if (isOrderly && this.disk.weather.fails === 0 && !this.disk.weather.isStuck) this.watch.stopped()
    if (entry.terminatedAt !== undefined) return
    // Whatever supervises the process starts it again.
    this.realm.later(2000, () => this.begin())
  }

  private gone(life: Life, entry: LifeEntry, how: string, machineToo: boolean): void {
    life.isOver = true
    entry.endedAt = this.realm.now
    entry.how = how
    this.note(entry.name, `ends: ${how.split("\n", 1)[0]}`)
    this.disk.crash(life)
    for (const site of this.sites) site.net.crash(life, machineToo)
  }

  private terminate(thenDownFor: number | undefined): void {
    const entry = this.lives.at(-1)
    if (this.life.isOver || entry === undefined || entry.terminatedAt !== undefined) return
    entry.terminatedAt = this.realm.now
    entry.wasQuiet = this.quietAt !== undefined
    this.note(entry.name, "is asked to stop")
    const { life } = this
    this.process?.terminate()
    if (thenDownFor === undefined) return
    const wait = () => {
      if (life.isOver) this.realm.later(thenDownFor, () => this.begin())
      else this.realm.later(100, wait)
    }
    wait()
  }

  private crash(machineToo: boolean, downFor: number): void {
    const entry = this.lives.at(-1)
    if (this.life.isOver || entry === undefined || entry.terminatedAt !== undefined) return
    this.gone(this.life, entry, machineToo ? "power failure" : "crash", machineToo)
    this.realm.later(downFor, () => this.begin())
  }

  /** A person looks at accounts that gave up now and then, and starts them again. */
  private restartFailed(): void {
    const { life } = this
    for (const account of this.watch.current?.accounts() ?? []) {
      const site = this.sites.find((site) => site.account === account.platform.account)
      if (account.failure() === undefined || site?.isBanned === true) continue
      this.note("operator", `restarts ${account.platform.account}`)
      this.realm.enter(life, () => void Effect.runFork(account.restart))
    }
  }

  // ---------------------------------------------------------------- what happens to it

  private perform(event: Event): void {
    if (event.kind === "say") return this.say(event)
    this.faults++
    const { at: _, kind, ...facts } = event
    this.note("fault", `${kind} ${JSON.stringify(facts)}`)
    switch (event.kind) {
      case "fault":
        return this.site(event.account).model.inject(event.fault)
      case "flap": {
        const site = this.site(event.account)
        site.flapUntil = this.realm.now + event.for
        site.flapAfter = event.after
        return site.model.inject({ kind: "cut", by: "rst" })
      }
      case "net":
        return this.site(event.account).during(event.for, event.traffic)
      case "disk":
        this.disk.turn({ ...this.disk.calm, ...event.weather })
        return void this.realm.later(event.for, () => this.disk.turn(this.disk.calm))
      case "crash":
        return this.crash(event.machineToo, event.downFor)
      case "drain":
        return this.terminate(event.downFor)
      case "stall":
        return this.realm.freeze(this.life, event.for)
      case "clock":
        this.realm.skew += event.by
        this.clockChanged = true
        return
      case "ban": {
        const site = this.site(event.account)
        site.isBanned = true
        site.model.inject({ kind: "banned" })
        return void this.realm.later(event.for, () => {
          site.model.inject({ kind: "banned", on: false })
          site.isBanned = false
        })
      }
    }
  }

  private site(index: number): Site {
    const site = this.sites[index]
    if (site === undefined) throw new Error(`there is no account ${index}`)
    return site
  }

  private say(say: Say): void {
    const site = this.site(say.account)
    const offered = site.model.sayUnsafe({ in: say.place, from: say.from, text: sentence({ ...say }) })
    this.note("user", `"${sentence({ ...say })}" in ${say.place.kind} of ${site.setting.appId}`)
    this.spoken.set(say.n, { say, offered, site, at: this.realm.now })
  }

  private outcome(): Outcome {
    this.isOver = true
    const evidence: Evidence = {
      ...{ plan: this.plan, disk: this.disk, sites: this.sites, spoken: this.spoken, lives: this.lives },
      ...{ statuses: this.statuses, logs: this.logs, announced: this.watch.announcements },
      ...{ violations: this.watch.violations, quietAt: this.quietAt, calmAt: this.calmAt },
      ...{ endedAt: this.realm.now, clockChanged: this.clockChanged, restless: this.restless }
    }
    const violations: ReadonlyArray<Violation> = judge(evidence)
    return {
      seed: this.plan.setting.seed,
      violations,
      hash: this.trace.hash,
      lines: this.trace.lines,
      crashes: this.lives.filter(({ how }) => how === "crash" || how === "power failure").length,
      faults: this.faults,
      said: this.spoken.size,
      virtual: this.realm.now,
      tasks: this.realm.tasks
    }
  }
}
