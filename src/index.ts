/**
 * everbot keeps chat bots alive and loses no message.
 *
 * Sorted by reader: what every bot uses, then what operators and tests use, then what platforms and stores are made of.
 */

// Every bot
export * as Bot from "./Bot.ts"
export * as Guard from "./bot/Guard.ts"
export * as Preset from "./bot/Preset.ts"
// Errors
export * as ConfigError from "./domain/ConfigError.ts"
// Operators
export * as ConnectionState from "./domain/ConnectionState.ts"
export type { Conversation, ConversationKind } from "./domain/Conversation.ts"
export * as CredentialError from "./domain/CredentialError.ts"
export type { DeadEvent, DeadLetter, DeadMessage } from "./domain/DeadLetter.ts"
export type {
  Attachment,
  Author,
  Event,
  EventKind,
  EventOf,
  Mention,
  MessageDeleted,
  MessageReceived,
  PlatformEvent,
  Position,
  Quoted
} from "./domain/Event.ts"
export type { Gap } from "./domain/Gap.ts"
export * as GatewayError from "./domain/GatewayError.ts"
export * as HandlerError from "./domain/HandlerError.ts"
export type { Hold } from "./domain/Hold.ts"
// Platforms and stores
export type { Content, MessageStatus, OutboxMessage, Priority, Receipt } from "./domain/Message.ts"
export * as RestError from "./domain/RestError.ts"
export type { Status } from "./domain/Status.ts"
export * as StoreError from "./domain/StoreError.ts"
export * as Autosave from "./engines/Autosave.ts"
export { Inbox } from "./engines/Inbox.ts"
export * as Ladder from "./engines/Ladder.ts"
export * as Retention from "./engines/Retention.ts"
export * as Schedules from "./engines/Schedules.ts"
export { StatusStream } from "./engines/StatusStream.ts"
export * as ErrorMonitor from "./monitor/ErrorMonitor.ts"
export * as Health from "./monitor/Health.ts"
export type { GatewayLink, History, Mark, PastMessage, Platform } from "./ports/Platform.ts"
export { SnapshotStore } from "./ports/SnapshotStore.ts"
export * as Store from "./ports/Store.ts"
export * as Transport from "./ports/Transport.ts"
export * as Webhook from "./ports/Webhook.ts"
export * as Encryption from "./stores/Encryption.ts"
export * as Memory from "./stores/Memory.ts"
export * as SnapshotFile from "./stores/SnapshotFile.ts"
