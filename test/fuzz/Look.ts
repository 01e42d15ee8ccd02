/** Looks at everything an event can be asked for, as a curious handler would: whatever it holds, no look may fail. */
import type { Event } from "../../src/domain/Event.ts"
import { must } from "./Oracle.ts"

export const look = (event: Event): void => {
  const { conversation, key, type, account, platform } = event
  for (const text of [key, type, account, platform, conversation.account, conversation.kind, conversation.id]) {
    must(
      "events are whole",
      typeof text === "string" && text !== "",
      () => `${event._tag} has a ${typeof text} "${text}"`
    )
  }
  if (event._tag === "PlatformEvent") return
  must("events are whole", typeof event.messageId === "string" && event.messageId !== "", () => "no message id")
  if (event._tag === "MessageDeleted") return
  const { attachments, author, guildId, sentAt, text } = event
  must("events are whole", typeof text === "string", () => `a ${typeof text} for a text`)
  must("events are whole", typeof author.id === "string" && typeof author.isBot === "boolean", () => "a strange author")
  must("events are whole", author.name === undefined || typeof author.name === "string", () => "a strange name")
  must("events are whole", guildId === undefined || typeof guildId === "string", () => "a strange guild")
  must("events are whole", sentAt === undefined || Number.isFinite(sentAt), () => `sent at ${sentAt}`)
  for (const { kind, name, size, url } of attachments) {
    must(
      "events are whole",
      typeof url === "string" && /^[a-z][a-z0-9+.-]*:\/\//i.test(url),
      () => `an address "${url}"`
    )
    must(
      "events are whole",
      typeof kind === "string" && (name === undefined || typeof name === "string"),
      () => "a strange file"
    )
    must("events are whole", size === undefined || Number.isFinite(size), () => `a size of ${size}`)
  }
}
