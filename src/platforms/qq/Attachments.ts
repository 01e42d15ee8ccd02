/** What is attached to a QQ message, in the words all platforms share. */
import type { Attachment } from "../../domain/Event.ts"
import { isJson, numberOf, textOf } from "./Json.ts"

/** The attachments of a payload; what has no address is left out. */
export const attachmentsOf = (list: unknown): ReadonlyArray<Attachment> =>
  Array.isArray(list) ? list.flatMap(attachment) : []

const attachment = (value: unknown): ReadonlyArray<Attachment> => {
  if (!isJson(value)) return []
  const url = textOf(value["url"])
  if (url === undefined) return []
  return [
    {
      kind: kindOf(value["content_type"]),
      url: absolute(url),
      name: textOf(value["filename"]),
      size: numberOf(value["size"]),
      width: numberOf(value["width"]),
      height: numberOf(value["height"]),
      transcript: textOf(value["asr_refer_text"])
    }
  ]
}

const kindOf = (type: unknown): Attachment["kind"] => {
  if (typeof type !== "string") return "file"
  if (type.startsWith("image")) return "image"
  if (type.startsWith("video")) return "video"
  return type.startsWith("voice") || type.startsWith("audio") ? "voice" : "file"
}

const absolute = (url: string): string =>
  url.startsWith("//") ? `https:${url}` : /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `https://${url}`
