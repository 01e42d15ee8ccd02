/** Events to feed to a {@link FakePlatform}: only what a test cares about must be said. */
import type { Conversation } from "../domain/Conversation.ts"
import type { Author, MessageDeleted, MessageReceived, PlatformEvent } from "../domain/Event.ts"

/** The account that fakes have unless told otherwise. */
export const account = "fake:1"

let made = 0

const base = (given: Conversation | string | undefined, id: string) => {
  const conversation: Conversation =
    typeof given === "object" ? given : { account, kind: "direct", id: given ?? "everyone" }
  return { account: conversation.account, platform: conversation.account.replace(/:.*$/, ""), key: id, conversation }
}

export interface MessageOptions {
  readonly text: string
  /** The conversation, or the id of a direct one. @defaultValue "everyone" */
  readonly in?: Conversation | string | undefined
  /** @defaultValue "somebody" */
  readonly from?: Author | string | undefined
  /** Give it twice for two deliveries of the same message. @defaultValue a new one */
  readonly id?: string | undefined
}

/** Somebody says something. */
export const message = ({ text, in: where, from, id = `message-${++made}` }: MessageOptions): MessageReceived => ({
  ...base(where, id),
  _tag: "MessageReceived",
  type: "message",
  data: undefined,
  messageId: id,
  author: typeof from === "object" ? from : { id: from ?? "somebody", name: from ?? "somebody", isBot: false },
  text,
  attachments: [],
  mentions: [],
  isAddressed: typeof where !== "object" || where.kind === "direct" || where.kind === "guildDirect",
  quoted: undefined,
  guildId: undefined,
  sentAt: undefined
})

/** A message is taken back. */
export const deleted = ({
  messageId,
  in: where
}: {
  readonly messageId: string
  readonly in?: Conversation | string
}): MessageDeleted => ({
  ...base(where, `deleted-${messageId}`),
  _tag: "MessageDeleted",
  type: "deleted",
  data: undefined,
  messageId
})

/** Anything else the platform may say. */
export const other = ({
  type,
  data,
  in: where
}: {
  readonly type: string
  readonly data?: unknown
  readonly in?: Conversation | string
}): PlatformEvent => ({
  ...base(where, `${type}-${++made}`),
  _tag: "PlatformEvent",
  type,
  data,
  isKnown: false
})
