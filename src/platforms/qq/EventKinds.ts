/**
 * What there is to listen to, as data: for documentation, and for checks of what handlers need. Everything is derived
 * from the table of events.
 */
import type { ConversationKind } from "../../domain/Conversation.ts"
import type { EventKind } from "../../domain/Event.ts"
import { eventTable, type Reading, type Row } from "./EventTable.ts"
import type { PayloadTypes } from "./Payloads.ts"
import { type EventName, eventIntents, type IntentName } from "./Protocol.ts"

/** One event of QQ. */
export interface QqEventKind {
  readonly name: EventName
  /** What a session must have asked for to be told of it; READY and RESUMED need nothing. */
  readonly intent: IntentName | undefined
  /** The kind by which `Bot.on` hears it; `undefined` for the handshake, which `Bot.onStatus` tells. */
  readonly kind: EventKind | undefined
  /** The type of its payload, see `QqPayloads`. */
  readonly payload: keyof PayloadTypes
  /** Where it may belong. One that names no place belongs to the account. */
  readonly conversations: ReadonlyArray<ConversationKind>
  /** What makes two deliveries the same event. */
  readonly key: "message id" | "id of the deleted message" | "event id"
  /** Whether `Bot.reply` can name it; what cannot be named is answered by a message that names nothing. */
  readonly isAnswerable: boolean
  /** The callback of BotRS (0.13) that stands for it, if BotRS has one. */
  readonly botrs: string | undefined
  /** How a bot listens to exactly this event. */
  readonly listen: string
  readonly source: string
  /** Where its recorded shapes are decoded. */
  readonly test: string
}

const kinds: Readonly<Record<Reading, EventKind | undefined>> = {
  groupMessage: "MessageReceived",
  directMessage: "MessageReceived",
  channelMessage: "MessageReceived",
  guildDirectMessage: "MessageReceived",
  channelDelete: "MessageDeleted",
  guildDirectDelete: "MessageDeleted",
  inGroup: "PlatformEvent",
  inDirect: "PlatformEvent",
  inChannel: "PlatformEvent",
  inGuild: "PlatformEvent",
  isGuild: "PlatformEvent",
  anywhere: "PlatformEvent",
  account: undefined
}

const places: Readonly<Record<Reading, ReadonlyArray<ConversationKind>>> = {
  groupMessage: ["group"],
  directMessage: ["direct"],
  channelMessage: ["channel"],
  guildDirectMessage: ["guildDirect"],
  channelDelete: ["channel"],
  guildDirectDelete: ["guildDirect"],
  inGroup: ["group"],
  inDirect: ["direct"],
  inChannel: ["channel", "guild"],
  inGuild: ["guild"],
  isGuild: ["guild"],
  anywhere: ["group", "direct", "channel", "guild"],
  account: ["account"]
}

/** BotRS calls most events by their names in lower case; these it does not, or not at all. */
const botrsNames: Readonly<Partial<Record<EventName, string | null>>> = {
  AT_MESSAGE_CREATE: "message_create",
  GROUP_AT_MESSAGE_CREATE: "group_message_create",
  GROUP_MESSAGE_CREATE: null,
  GROUP_MEMBER_ADD: null,
  GROUP_MEMBER_REMOVE: null,
  GROUP_JOIN_REQUEST: null,
  AUDIO_ON_MIC: "on_mic",
  AUDIO_OFF_MIC: "off_mic"
}

const botrsOf = (name: EventName): string | undefined => {
  const given = botrsNames[name]
  return given === null ? undefined : (given ?? name.toLowerCase())
}

/** The common kind an event becomes; `undefined` for the handshake, which reaches no handler. */
export const kindOf = (name: EventName): EventKind | undefined => kinds[eventTable[name].reading]

const names = Object.keys(eventTable) as ReadonlyArray<EventName>

/** Every event, in the order of the intents' bits. */
export const eventKinds: ReadonlyArray<QqEventKind> = names.map((name) => {
  const { payload } = eventTable[name]
  const { answerable, reading, source }: Row = eventTable[name]
  const kind = kinds[reading]
  return {
    name,
    intent: eventIntents[name],
    kind,
    payload,
    conversations: places[reading],
    key:
      kind === "MessageReceived" ? "message id" : kind === "MessageDeleted" ? "id of the deleted message" : "event id",
    isAnswerable: kind === "MessageReceived" || answerable === true,
    botrs: botrsOf(name),
    listen: kind === undefined ? "Bot.onStatus(handler)" : `Qq.on("${name}", handler)`,
    source: source ?? "bot docs",
    test: kind === undefined ? "test/platforms/qq/Gateway.test.ts" : "test/platforms/qq/EventKinds.test.ts"
  }
})

/** A callback of BotRS's `EventHandler` (0.13), and what serves it here. */
export interface BotrsCallback {
  readonly callback: string
  readonly listen: ReadonlyArray<string>
}

const named = new Set(eventKinds.flatMap(({ botrs }) => botrs ?? []))

/** Every callback of BotRS's `EventHandler`, sorted by name. */
export const botrsCallbacks: ReadonlyArray<BotrsCallback> = [
  ...Array.from(named, (callback) => ({
    callback,
    listen: eventKinds.filter(({ botrs }) => botrs === callback).map(({ listen }) => listen)
  })),
  { callback: "unknown_event", listen: ["Qq.onUnknown(handler)"] },
  { callback: "error", listen: ["Bot.onStatus(handler)", "Bot.errors"] }
].sort((a, b) => (a.callback < b.callback ? -1 : 1))
