/**
 * How QQ wants a file that is uploaded in parts: which part goes where, how many at once, and how patiently it wants to be
 * asked while a part is not ready. Sources: qqbot-nodejs, which knows `upload_config`; openclaw-qqbot reads the same
 * fields beside it, and gives the times in seconds.
 */
import { Duration } from "effect"
import { integer } from "./Http.ts"
import { isJson, type Json } from "./Json.ts"

export interface Part {
  readonly index: number
  /** Where it is put. The address is the permission, for a while. */
  readonly url: string
  readonly offset: number
  readonly length: number
}

export interface Plan {
  readonly uploadId: string
  readonly parts: ReadonlyArray<Part>
  /** Parts under way at once. */
  readonly concurrency: number
  /** Between two questions whether a part is ready. */
  readonly retryDelay: Duration.Duration
  /** How long that is asked. */
  readonly retryTimeout: Duration.Duration
}

/** Each is a part in memory, and a connection. */
const mostAtOnce = 4
/** What is asked of us is heeded within reason: a file must not hold its conversation for ever. Seconds. */
const delays = { usual: 1, most: 60 }
const timeouts = { usual: 120, most: 600 }

/** What to upload where, if the answer says it and its parts make up the whole. */
export const planOf = (body: unknown, size: number): Plan | undefined => {
  if (!isJson(body) || typeof body["upload_id"] !== "string" || !Array.isArray(body["parts"])) return undefined
  const usual = integer(body["block_size"])
  const listed = body["parts"].filter(isJson).sort((a, b) => (integer(a["index"]) ?? 0) - (integer(b["index"]) ?? 0))
  const parts: Array<Part> = []
  let offset = 0
  for (const part of listed) {
    const length = Math.min(integer(part["block_size"]) ?? usual ?? size, size - offset)
    const { presigned_url: url } = part
    if (typeof url !== "string" || length <= 0) return undefined
    parts.push({ index: integer(part["index"]) ?? parts.length, url, offset, length })
    offset += length
  }
  return offset === size ? { uploadId: body["upload_id"], parts, ...pace(body) } : undefined
}

const pace = (body: Json) => {
  const config: Json = isJson(body["upload_config"]) ? { ...body, ...body["upload_config"] } : body
  const seconds = (value: unknown, { most, usual }: typeof delays) =>
    Duration.seconds(Math.min(most, aboveZero(value) ?? usual))
  return {
    concurrency: Math.min(mostAtOnce, Math.max(1, integer(config["concurrency"]) ?? 1)),
    retryDelay: seconds(config["retry_delay"], delays),
    retryTimeout: seconds(config["retry_timeout"], timeouts)
  }
}

/** Also a fraction, and also as text. */
const aboveZero = (value: unknown): number | undefined => {
  const number = typeof value === "string" ? Number(value) : value
  return typeof number === "number" && number > 0 ? number : undefined
}
