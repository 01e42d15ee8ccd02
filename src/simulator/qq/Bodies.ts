/** Reads what a bot posts: JSON, or the multipart form guild sends with an image use. */
import type { Place } from "../Books.ts"
import type { Draft } from "./Chats.ts"
import { type Refusal, Refusals } from "./Codes.ts"
import { fieldsOf } from "./Frames.ts"

export type Fields = Readonly<Record<string, unknown>>

/** The fields of a request body; an empty body has none, a broken one is undefined. */
export const fieldsOfBody = (contentType: string, body: Buffer): Fields | undefined => {
  if (body.length === 0) return {}
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(contentType)?.[1]
  return boundary === undefined ? fieldsOf(body.toString("utf8")) : fieldsOfForm(boundary, body.toString("latin1"))
}

const fieldsOfForm = (boundary: string, body: string): Fields => {
  const fields: Record<string, unknown> = {}
  for (const part of body.split(`--${boundary}`)) {
    const [head = "", ...rest] = part.split("\r\n\r\n")
    const name = /name="([^"]+)"/i.exec(head)?.[1]
    if (name !== undefined) fields[name] = Buffer.from(rest.join("\r\n\r\n").replace(/\r\n$/, ""), "latin1").toString()
  }
  return fields
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined)

const richKeys = ["embed", "ark", "image", "file_image", "markdown", "media", "keyboard", "input_notify"]

const msgTypes = new Set([0, 1, 2, 3, 4, 6, 7])

/** A send body as a draft, or why it is not one. */
export const draftOf = (place: Place, fields: Fields | undefined): Draft | Refusal => {
  if (fields === undefined) return Refusals.badJson
  const v2 = place.kind === "group" || place.kind === "direct"
  // Left out, it is text: clients in the field do (qq-official-bot), as Go reads a missing number as 0.
  const type = fields["msg_type"] ?? 0
  if (v2 && (typeof type !== "number" || !msgTypes.has(type))) return Refusals.badType
  const seq = fields["msg_seq"]
  if (v2 && seq !== undefined && !(typeof seq === "number" && Number.isInteger(seq))) return Refusals.badJson
  return {
    place,
    text: typeof fields["content"] === "string" ? fields["content"] : markdownOf(fields["markdown"]),
    rich: richKeys.some((key) => fields[key] !== undefined && fields[key] !== null) ? fields : undefined,
    msgId: text(fields["msg_id"]),
    eventId: text(fields["event_id"]),
    msgSeq: typeof seq === "number" ? seq : undefined
  }
}

const markdownOf = (markdown: unknown): string =>
  typeof markdown === "object" && markdown !== null && "content" in markdown && typeof markdown.content === "string"
    ? markdown.content
    : ""
