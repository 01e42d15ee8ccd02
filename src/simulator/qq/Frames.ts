/** What a bot may say on the gateway socket, read strictly where QQ is strict and leniently where it is lenient. */
import { Close, Op } from "./Codes.ts"

export type Inbound =
  | { readonly op: 1; readonly d: number | null }
  | {
      readonly op: 2
      readonly token: string
      readonly intents: number
      readonly shard: readonly [number, number]
    }
  | { readonly op: 6; readonly token: string; readonly session: string; readonly seq: number }

type Fields = Readonly<Record<string, unknown>>

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** JSON text as an object; anything else is undefined. */
export const fieldsOf = (text: string): Fields | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isInt = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value)

const shardOf = (value: unknown): readonly [number, number] | undefined => {
  if (value === undefined || value === null) return [0, 1]
  if (!Array.isArray(value)) return undefined
  const [id, count]: ReadonlyArray<unknown> = value
  return isInt(id) && isInt(count) ? [id, count] : undefined
}

/** A frame, or the close code it deserves. */
export const decode = (text: string): Inbound | number => {
  const frame = fieldsOf(text)
  if (frame === undefined || !isInt(frame["op"])) return Close.BadPayload
  const d = frame["d"]
  switch (frame["op"]) {
    // Some clients put the sequence into `s` and send no `d` at all.
    case Op.Heartbeat:
      return { op: 1, d: isInt(d) ? d : isInt(frame["s"]) ? frame["s"] : null }
    case Op.Identify: {
      if (!isFields(d)) return Close.BadPayload
      const shard = shardOf(d["shard"])
      if (typeof d["token"] !== "string" || !isInt(d["intents"]) || shard === undefined) return Close.BadPayload
      return { op: 2, token: d["token"], intents: d["intents"], shard }
    }
    case Op.Resume: {
      if (!isFields(d)) return Close.BadPayload
      const { seq, session_id: session, token } = d
      if (typeof token !== "string" || typeof session !== "string" || !isInt(seq) || seq < 0) return Close.BadPayload
      return { op: 6, token, session, seq }
    }
    default:
      return Close.BadOpcode
  }
}
