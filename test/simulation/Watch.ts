/** Looks over the bot's shoulder while it runs: what no ledger shows afterwards. */
import type * as Bot from "../../src/Bot.ts"
import { laneKey } from "../../src/domain/Conversation.ts"
import type { MessageReceived } from "../../src/domain/Event.ts"
import type { Witness } from "./App.ts"
import type { Disk } from "./Disk.ts"
import type { Violation } from "./Evidence.ts"
import type { Setting } from "./Setting.ts"
import type { Snapshots } from "./Snapshots.ts"

/** What may still come in after intake was paused: what was on its way back to its lane. */
const slack = 8

export class Watch implements Witness {
  readonly violations: Array<Violation> = []
  readonly announcements: Array<string> = []
  /** Conversations with a turn under way, in this life. */
  private readonly running = new Map<string, string>()
  private totalNow = 0
  current: Bot.Runtime["Service"] | undefined
  private readonly disk: Disk
  private readonly snapshots: Snapshots
  private readonly setting: Setting
  private readonly note: (what: string) => void

  constructor(disk: Disk, snapshots: Snapshots, setting: Setting, note: (what: string) => void) {
    this.disk = disk
    this.snapshots = snapshots
    this.setting = setting
    this.note = note
  }

  private found(promise: string, detail: string): void {
    if (this.violations.length < 20) this.violations.push({ promise, detail })
  }

  /** A new process knows nothing of the old one. */
  reborn(): void {
    this.running.clear()
    this.current = undefined
  }

  readonly began = (event: MessageReceived, attempt: number): void => {
    const { account, conversation, key, text } = event
    const lane = `${account} ${laneKey(conversation)}`
    this.note(`turn ${text} attempt ${attempt}`)
    const stored = this.disk.ledger.event(account, key)
    if (stored === undefined) this.found("loses-nothing", `"${text}" was handled before it was stored`)
    else if (stored.settledAt !== undefined)
      this.found("acts-once", `"${text}" was handled again after its turn was settled`)
    const other = this.running.get(lane)
    if (other !== undefined && other !== key) {
      this.found("keeps-order", `"${text}" was begun while another turn of its conversation was under way`)
    }
    this.running.set(lane, key)
  }
  readonly ended = (event: MessageReceived): void => {
    const lane = `${event.account} ${laneKey(event.conversation)}`
    if (this.running.get(lane) === event.key) this.running.delete(lane)
  }
  /** A turn that overran its time, or died without a word, is over for the bot. */
  failed(account: string, lane: string): void {
    this.running.delete(`${account} ${lane}`)
  }

  readonly announced = (text: string): void => void this.announcements.push(text)
  readonly total = (total: number): void => {
    this.totalNow = total
  }
  readonly restored = (total: number): void => {
    const saved = this.savedTotal()
    if (total !== saved) this.found("survives-corruption", `state ${saved} was saved and ${total} restored`)
    this.totalNow = total
  }
  /** After an orderly end everything is saved. */
  stopped(): void {
    const saved = this.savedTotal()
    if (saved !== this.totalNow) this.found("drains", `state ${this.totalNow} was in memory and ${saved} saved`)
  }
  private savedTotal(): number {
    const body = this.snapshots.get("total")?.body
    return body === undefined ? 0 : (JSON.parse(body) as { readonly value: number }).value
  }

  readonly runtime = (runtime: Bot.Runtime["Service"]): void => {
    this.current = runtime
  }

  /** Nothing may hold more than it was told to. */
  measure(): void {
    const { concurrency, maxBacklog, maxQueued, maxResident } = this.setting
    for (const { dispatcher, platform, relay } of this.current?.accounts() ?? []) {
      const { lanes } = dispatcher
      const tell = (what: string, is: number, limit: number) => {
        if (is > limit) this.found("stays-bounded", `${platform.account} holds ${is} ${what}, the limit is ${limit}`)
      }
      // Lanes that fetch at once each take what there is room for, at the most 32.
      tell("events in memory", lanes.resident, maxResident + concurrency * Math.min(32, maxResident) + slack)
      tell("events", lanes.backlog + lanes.arriving, maxBacklog + slack + this.recovered)
      tell("turns at once", dispatcher.running, concurrency)
      // A turn that runs already may stage two more when the outbox is full.
      tell("messages", relay.depth, maxQueued + 3 * concurrency + slack + this.recoveredRows)
    }
  }
  /** What the store held when this life began: it comes on top. */
  recovered = 0
  recoveredRows = 0
}
