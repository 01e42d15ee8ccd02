/**
 * Whether a bot is told what its handlers wait for, looked at before it connects: an intent that was forgotten makes no
 * error on QQ's side, only a handler that is never called. And what to do when QQ refuses the intents, of which it
 * does not say which one it means.
 */
import type { EventKind } from "../../domain/Event.ts"
import type { Interest } from "../../ports/Platform.ts"
import { eventKinds } from "./EventKinds.ts"
import * as Intents from "./Intents.ts"
import type { IntentName } from "./Protocol.ts"

/** Any one of these intents brings events that the handler waits for; `undefined` where none is needed. */
const needs = ({ kind, only }: Interest): ReadonlyArray<IntentName> | undefined => {
  if (only === undefined) return byKind.get(kind)
  const intent = Intents.intentOf(only.type)
  return intent === undefined ? undefined : [intent]
}

const byKind: ReadonlyMap<EventKind, ReadonlyArray<IntentName>> = new Map(
  (["MessageReceived", "MessageDeleted", "PlatformEvent"] as const).map((kind) => {
    const rows = eventKinds.filter((row) => row.kind === kind)
    return [kind, Intents.intentNames.filter((name) => rows.some(({ intent }) => intent === name))]
  })
)

/** Whether a session with these intents is told of what the handler waits for. */
export const hears = (intents: Intents.Intents, interest: Interest): boolean => {
  if (interest.only !== undefined && interest.only.platform !== "qq") return false
  const needed = needs(interest)
  return needed === undefined || needed.some((name) => Intents.has(intents, name))
}

/** Intents that were asked for although no handler needs them, but for those the engines need themselves. */
export const unused = (intents: Intents.Intents, interests: ReadonlyArray<Interest>): ReadonlyArray<IntentName> => {
  const used = new Set<IntentName>(interests.flatMap((interest) => needs(interest) ?? []))
  // Verdicts on messages under review are heard by the outbox.
  return Intents.names(intents).filter((name) => name !== "MESSAGE_AUDIT" && !used.has(name))
}

const developerSettings = "开发设置 (https://q.qq.com/qqbot/#/developer/developer-setting)"
const eventList = "回调配置 (https://q.qq.com/qqbot/#/developer/webhook-setting)"

/** Where the console switches an intent on; what every bot has is not listed. */
const pages: Readonly<Partial<Record<IntentName, string>>> = {
  GUILD_MESSAGES: `${developerSettings}, for private-domain bots`,
  FORUMS_EVENT: `${developerSettings}, for private-domain bots`,
  GUILD_MESSAGE_REACTIONS: eventList,
  DIRECT_MESSAGE: eventList,
  OPEN_FORUM_EVENT: eventList,
  AUDIO_OR_LIVE_CHANNEL_MEMBER: eventList,
  ENTER_AIO: eventList,
  GROUP_MEMBER_EVENT: eventList,
  GROUP_AND_C2C_EVENT: eventList,
  INTERACTION: eventList,
  MESSAGE_AUDIT: eventList,
  AUDIO_ACTION: eventList
}

/** "A and B under 回调配置 (…), C under 开发设置 (…)". */
const switchOn = (names: ReadonlyArray<IntentName>): string => {
  const byPage = new Map<string, Array<IntentName>>()
  for (const name of names) {
    const page = pages[name]
    if (page === undefined) continue
    const group = byPage.get(page)
    if (group === undefined) byPage.set(page, [name])
    else group.push(name)
  }
  return Array.from(byPage, ([page, group]) => `${group.join(" and ")} under ${page}`).join(", ")
}

const called = ({ kind, only }: Interest): string =>
  only === undefined ? `Bot.on("${kind}")` : `Qq.on("${only.type}")`

/** What handlers lack, and the mend. */
export interface Lack {
  /** `Qq.on("GROUP_MEMBER_ADD") needs GROUP_MEMBER_EVENT`, and so on. */
  readonly detail: string
  readonly advice: string
}

/** Says what handlers that hear nothing would need. */
export const lack = (deaf: ReadonlyArray<Interest>): Lack => {
  const handlers = new Map<string, Set<string>>()
  const wanted = new Set<IntentName>()
  for (const interest of deaf) {
    const needed = needs(interest) ?? []
    for (const name of needed) wanted.add(name)
    const what = needed.length === 1 ? `${needed[0]}` : `one of ${needed.join(", ")}`
    handlers.set(what, (handlers.get(what) ?? new Set()).add(called(interest)))
  }
  const detail = Array.from(handlers, ([what, names]) => `${Array.from(names).join(", ")}: needs ${what}`).join("; ")
  const pages = switchOn(Array.from(wanted))
  const granted = pages === "" ? "" : `switch on what your bot was not granted yet, ${pages}, then `
  const advice = `${granted}add it to \`intents\` (QQ_INTENTS), or remove the handler.`
  return { detail, advice: advice.charAt(0).toUpperCase() + advice.slice(1) }
}

/** What to do when QQ refused the intents: it does not say which one, so those that not every bot has are suspected. */
export const refusalAdvice = (intents: Intents.Intents, interests: ReadonlyArray<Interest>): string => {
  const suspects = Intents.names(intents).filter((name) => pages[name] !== undefined)
  if (suspects.length === 0)
    return "Every bot has the intents that were asked for: look at your bot's state at https://q.qq.com."
  const idle = unused(Intents.of(...suspects), interests)
  const hint = idle.length === 0 ? "" : `; no handler needs ${idle.join(", ")}`
  return `Switch on what your bot lacks of ${switchOn(suspects)}, or leave it out of \`intents\` (QQ_INTENTS)${hint}.`
}
