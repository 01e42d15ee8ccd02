/**
 * The message that a QQ message answers. Guilds name its id. Groups and private chats name an index (`REFIDX_…`, in
 * `message_scene.ext`, seen 2026) and bring what it said along (`msg_elements`).
 */
import type { Quoted } from "../../domain/Event.ts"
import { attachmentsOf } from "./Attachments.ts"
import { idOf, isJson, type Json, textOf, unescaped } from "./Json.ts"

/** `message_type` of a message that quotes another one. */
const quote = 103

export const quotedOf = (data: Json): Quoted | undefined => {
  const reference = isJson(data["message_reference"]) ? idOf(data["message_reference"]["message_id"]) : undefined
  if (reference !== undefined) return { id: reference, text: undefined, attachments: [] }
  const index = indexOf(data, "ref_msg_idx")
  if (index === undefined && data["message_type"] !== quote) return undefined
  const elements = Array.isArray(data["msg_elements"]) ? data["msg_elements"].filter(isJson) : []
  const element = elements.find((one) => index !== undefined && one["msg_idx"] === index) ?? elements[0]
  if (element === undefined) return index === undefined ? undefined : { id: index, text: undefined, attachments: [] }
  const content = textOf(element["content"])
  return {
    id: index ?? idOf(element["msg_idx"]),
    text: content === undefined ? undefined : unescaped(content),
    attachments: attachmentsOf(element["attachments"])
  }
}

/** One of the `name=value` texts that a group or private chat message carries: `msg_idx` is its own index. */
export const indexOf = (data: Json, name: "msg_idx" | "ref_msg_idx"): string | undefined => {
  const scene = data["message_scene"]
  const notes: unknown = isJson(scene) ? scene["ext"] : undefined
  if (!Array.isArray(notes)) return undefined
  const note = notes.find((one) => typeof one === "string" && one.startsWith(`${name}=`))
  return typeof note === "string" ? textOf(note.slice(name.length + 1)) : undefined
}
