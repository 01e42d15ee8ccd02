/** One account's platform: the simulated QQ with its books, behind a network of its own. */
import { Books } from "../../src/simulator/Books.ts"
import type { Fault } from "../../src/simulator/Faults.ts"
import * as Ambients from "../../src/simulator/qq/Ambient.ts"
import { knownIntents } from "../../src/simulator/qq/Codes.ts"
import * as Models from "../../src/simulator/qq/Model.ts"
import { settings } from "../../src/simulator/qq/Options.ts"
import { Chance } from "./Chance.ts"
import { Net, type Traffic } from "./Net.ts"
import type { Realm } from "./Realm.ts"
import type { AccountSetting, Setting } from "./Setting.ts"

/** Faults that strike the next so many times, lifted. */
const lifted: ReadonlyArray<Fault> = [
  { kind: "rateLimited", times: 0 },
  { kind: "serverError", times: 0 },
  { kind: "htmlError", times: 0 },
  { kind: "lostAnswer", times: 0 },
  { kind: "slowAnswer", ms: 0, times: 0 },
  { kind: "audit", times: 0 },
  { kind: "duplicateOnResume", events: 0 },
  { kind: "noHello", times: 0 },
  { kind: "refuseUpgrade", times: 0 },
  { kind: "tokenServerError", times: 0 },
  { kind: "banned", on: false }
]

export class Site {
  readonly account: string
  readonly setting: AccountSetting
  readonly books = new Books()
  readonly net: Net
  readonly model: Models.Model
  /** Hangs up after each welcome until this time. */
  flapUntil = 0
  isBanned = false
  private readonly realm: Realm
  /** The network when nothing is wrong with it. */
  private readonly usual: Traffic

  constructor(realm: Realm, world: Setting, setting: AccountSetting, note: (what: string) => void) {
    this.realm = realm
    this.setting = setting
    this.account = `qq:${setting.appId}`
    const chance = new Chance(world.seed, `platform ${setting.appId}`)
    this.net = new Net(realm, new Chance(world.seed, `net ${setting.appId}`), setting.appId, world.netLatency, note)
    this.usual = { ...this.net.traffic }
    const ambient: Ambients.Ambient = {
      now: () => realm.trueTime,
      after: (millis, action) => realm.later(millis, action),
      ...Ambients.chance(chance.next)
    }
    const own = settings({
      appId: setting.appId,
      clientSecret: setting.clientSecret,
      heartbeatInterval: world.heartbeatInterval,
      resumeWindow: world.resumeWindow,
      tokenLifetime: world.tokenLifetime,
      grantedIntents: knownIntents,
      shards: setting.shards
    })
    this.model = Models.make(own, ambient, this.books, {
      url: (protocol) => `${protocol}://${setting.appId}.platform.test`,
      suspend: (millis, cut) => this.suspend(millis, cut)
    })
    this.net.serve(this.model)
    this.hearAll(note)
  }

  private suspend(millis: number, cut: boolean): void {
    if (cut) this.net.cutAll()
    this.during(millis, { isRefusing: true })
  }

  /** Changes the network for a while; of troubles that overlap, the first to end ends what they share. */
  during(millis: number, traffic: Partial<Traffic>): void {
    Object.assign(this.net.traffic, traffic)
    const usual = Object.entries(this.usual).filter(([name]) => name in traffic)
    this.realm.later(millis, () => Object.assign(this.net.traffic, Object.fromEntries(usual)))
  }

  /** No fault is left; what they broke, the bot has to find out and mend. */
  calm(): void {
    for (const fault of lifted) this.model.inject(fault)
    this.flapUntil = 0
    this.isBanned = false
    Object.assign(this.net.traffic, this.usual)
    for (const id of this.model.pendingAudits()) this.model.audit(id, "pass")
  }

  /** Writes what the books note into the trace, and hangs up on who was let in while the platform flaps. */
  private hearAll(note: (what: string) => void): void {
    const { books } = this
    let identifies = 0
    let resumes = 0
    let closes = 0
    let sent = 0
    books.subscribe(() => {
      for (; identifies < books.identifies.length; identifies++) {
        const it = books.identifies[identifies]
        note(`identify ${it?.refused ?? it?.session?.slice(0, 8)}`)
        this.welcomed(it?.refused === undefined)
      }
      for (; resumes < books.resumes.length; resumes++) {
        const it = books.resumes[resumes]
        note(`resume ${it?.session.slice(0, 8)} from ${it?.seq}${it?.refused ? ` refused ${it.refused}` : ""}`)
        this.welcomed(it?.refused === undefined)
      }
      for (; closes < books.closes.length; closes++) note(`closed ${books.closes[closes]?.code}`)
      for (; sent < books.sent.length; sent++) {
        const it = books.sent[sent]
        note(`${it?.accepted ? "said" : `refused ${it?.code}`} "${it?.text}" seq ${it?.msgSeq}`)
      }
    })
  }

  flapAfter = 0
  private welcomed(isWelcome: boolean): void {
    if (!isWelcome || this.realm.now > this.flapUntil) return
    this.realm.later(this.flapAfter, () => this.model.inject({ kind: "cut", by: "rst" }))
  }
}
