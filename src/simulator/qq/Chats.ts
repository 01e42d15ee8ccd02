/** What was said where: which messages may still be answered, how often, and what the bot's sends become. */
import type { Books, Offered, Place, Sent } from "../Books.ts"
import type { Ambient } from "./Ambient.ts"
import type { Fields } from "./Bodies.ts"
import { answerable, type Refusal, Refusals } from "./Codes.ts"
import type { Settings } from "./Options.ts"

/** What the bot wants to say, decoded from a send body. */
export interface Draft {
  readonly place: Place
  readonly text: string
  /** The whole body, if it says something other than text: markdown, media, embed, image. */
  readonly rich: Fields | undefined
  readonly msgId: string | undefined
  readonly eventId: string | undefined
  readonly msgSeq: number | undefined
}

export type Outcome =
  | { readonly accepted: true; readonly sent: Sent }
  | { readonly accepted: false; readonly refusal: Refusal }

export interface Chats {
  /** Remembers an event, so that it can be answered. */
  readonly know: (offered: Offered) => void
  readonly message: (id: string) => Offered | undefined
  readonly sent: (id: string) => Sent | undefined
  readonly post: (draft: Draft, audit: boolean) => Outcome
  /** What was said in a channel, oldest first. */
  readonly history: (channel: string) => ReadonlyArray<Offered | Sent>
  readonly recall: (id: string) => Refusal | undefined
}

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_!"

/** Message ids look like this on the wire, odd characters included. */
export const messageId = (ambient: Ambient, kind: Place["kind"]): string =>
  kind === "group" || kind === "direct"
    ? `ROBOT1.0_${ambient.text(39, idAlphabet)}`
    : `08${ambient.text(18, "0123456789abcdef")}`

const isGuild = (place: Place) => place.kind === "channel" || place.kind === "guildDirect"

export const make = (
  settings: Settings,
  ambient: Ambient,
  books: Books,
  /** Guild sends need a live gateway. */
  isConnected: () => boolean
): Chats => {
  const messages = new Map<string, Offered>()
  const events = new Map<string, Offered>()
  const own = new Map<string, Sent>()
  const channels = new Map<string, Array<Offered | Sent>>()
  const recent = new Map<string, Array<number>>()
  const active = new Map<string, { readonly day: number; used: number }>()

  const remember = (place: Place, what: Offered | Sent) => {
    if (place.kind !== "channel") return
    const log = channels.get(place.id)
    if (log === undefined) channels.set(place.id, [what])
    else log.push(what)
    what.seqInChannel = channels.get(place.id)?.length ?? 1
  }

  const windowOf = (place: Place) =>
    isGuild(place) ? settings.passive.guild : place.kind === "group" ? settings.passive.group : settings.passive.direct

  /** The event a draft answers, nothing for an active message, or why it cannot. */
  const addressee = (draft: Draft): Offered | Refusal | undefined => {
    const guild = isGuild(draft.place)
    if (draft.msgId !== undefined) {
      const message = messages.get(draft.msgId)
      const here = message?.place?.kind === draft.place.kind && message.place.id === draft.place.id
      return message !== undefined && here ? message : guild ? Refusals.guildUnknownMessage : Refusals.unknownMessage
    }
    if (draft.eventId === undefined) return undefined
    const event = events.get(draft.eventId)
    if (event === undefined) return guild ? Refusals.guildUnknownMessage : Refusals.unknownEvent
    const kinds = draft.place.kind === "group" ? answerable.group : guild ? answerable.guild : answerable.direct
    if (kinds.has(event.type)) return event
    return guild ? Refusals.guildNotAnswerable : Refusals.eventNotAnswerable
  }

  const whyNotReply = (draft: Draft, to: Offered): Refusal | undefined => {
    const guild = isGuild(draft.place)
    const { replies, within } = windowOf(draft.place)
    // Before the window: a retry of something accepted is a repetition, however late it comes.
    if (!guild && to.replies.some((reply) => (reply.msgSeq ?? 1) === (draft.msgSeq ?? 1))) return Refusals.duplicate
    if (ambient.now() - to.at > within) {
      return guild
        ? Refusals.guildWindowClosed
        : draft.msgId === undefined
          ? Refusals.eventExpired
          : Refusals.windowClosed
    }
    return to.replies.length >= replies ? Refusals.tooManyReplies : undefined
  }

  const whyNotActive = (place: Place): Refusal | undefined => {
    const key = `${place.kind}:${place.id}`
    const day = Math.floor(ambient.now() / 86_400_000)
    const before = active.get(key)
    const quota = before?.day === day ? before : { day, used: 0 }
    if (quota.used >= settings.activeMessagesPerChat) {
      if (place.kind === "channel") return Refusals.guildActiveLimited
      return place.kind === "guildDirect" ? Refusals.directActiveLimited : Refusals.activeLimited
    }
    quota.used++
    active.set(key, quota)
    return undefined
  }

  const tooFast = (place: Place): boolean => {
    if (place.kind !== "channel" || settings.channelSendsPerSecond === Number.POSITIVE_INFINITY) return false
    const since = ambient.now() - 1000
    const sends = (recent.get(place.id) ?? []).filter((at) => at > since)
    recent.set(place.id, sends)
    if (sends.length >= settings.channelSendsPerSecond) return true
    sends.push(ambient.now())
    return false
  }

  const whyNot = (draft: Draft, to: Offered | undefined): Refusal | undefined => {
    if (isGuild(draft.place) && !isConnected()) return Refusals.notConnected
    if (draft.text === "" && draft.rich === undefined) return Refusals.empty
    if (draft.text.length > settings.maxTextLength) return Refusals.tooLong
    if (tooFast(draft.place)) return Refusals.channelRateLimited
    return to === undefined ? whyNotActive(draft.place) : whyNotReply(draft, to)
  }

  const book = (draft: Draft, refusal: Refusal | undefined, audit: boolean): Sent => {
    const sent: Sent = {
      id: refusal === undefined ? messageId(ambient, draft.place.kind) : "",
      at: ambient.now(),
      place: draft.place,
      text: draft.text,
      ...(draft.rich === undefined ? {} : { rich: draft.rich }),
      msgId: draft.msgId,
      eventId: draft.eventId,
      msgSeq: draft.msgSeq,
      accepted: refusal === undefined,
      code: refusal?.code,
      duplicate: refusal === Refusals.duplicate,
      ...(audit && refusal === undefined ? { audit: "pending" as const } : {})
    }
    books.sent.push(sent)
    return sent
  }

  return {
    know: (offered) => {
      if (offered.place === undefined) {
        events.set(offered.id, offered)
        return
      }
      messages.set(offered.id, offered)
      remember(offered.place, offered)
    },
    message: (id) => messages.get(id),
    sent: (id) => own.get(id),
    post: (draft, audit) => {
      const to = addressee(draft)
      const refusal = to !== undefined && "status" in to ? to : whyNot(draft, to)
      const sent = book(draft, refusal, audit)
      if (refusal !== undefined) {
        books.noted(`refused:${refusal.code}`)
        return { accepted: false, refusal }
      }
      own.set(sent.id, sent)
      remember(draft.place, sent)
      if (to !== undefined && !("status" in to)) books.reply(to, sent)
      books.noted("accepted")
      return { accepted: true, sent }
    },
    history: (channel) => channels.get(channel) ?? [],
    recall: (id) => {
      const sent = own.get(id)
      if (sent === undefined) return Refusals.recallNotYours
      const tooOld = !isGuild(sent.place) && ambient.now() - sent.at > 120_000
      return tooOld ? Refusals.recallTooOld : undefined
    }
  }
}
