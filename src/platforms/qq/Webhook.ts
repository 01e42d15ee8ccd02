/**
 * QQ's webhook: which calls are QQ's, and what they say.
 *
 * - a signature over the timestamp header and the raw body proves a call, before anything of it is parsed
 * - op 13 asks for a signature of ours. It is given for digits followed by letters and digits only: signing anything else
 *   would let a stranger have a dispatch signed, because both sides share one key
 * - a call that names no bot belongs to the account whose secret signed it; unsigned it belongs to nobody, where several
 *   accounts share a path
 * - a timestamp far from now is a replay, or a clock that is wrong; within the window the inbox recognises repetitions
 */
import { createHash } from "node:crypto"
import { Duration } from "effect"
import type { Event } from "../../domain/Event.ts"
import type { Reading, WebhookProtocol } from "../../engines/WebhookIntake.ts"
import type { Call, Headers } from "../../ports/Webhook.ts"
import { accountOf, type QqConfig } from "./Config.ts"
import { decode } from "./Decode.ts"
import { isJson, type Json } from "./Message.ts"
import { Opcode } from "./Protocol.ts"
import * as Signature from "./Signature.ts"

export interface Options {
  /** How far QQ's clock and ours may be apart, and how old a repeated call may be. @defaultValue 5 minutes */
  readonly tolerance?: Duration.Input | undefined
}

/** Also what is told for a signature that is missing: who forges learns nothing from the difference. */
const forged = { _tag: "Refused", status: 401, why: "its signature does not verify" } as const
const stale = {
  _tag: "Refused",
  status: 401,
  why: "it is signed for another time: a replay, or the clock of this machine is wrong"
} as const
const nobodys = {
  _tag: "Refused",
  status: 401,
  why: "it names no bot and is signed by none of those that share this path"
} as const
const unsafe = { _tag: "Refused", status: 400, why: "it asks to sign what is no validation" } as const
const unreadable = { _tag: "Refused", status: 400, why: "its body is not a JSON object with an op" } as const

const acknowledgement = JSON.stringify({ op: Opcode.HttpCallbackAck, d: 0 })

export const protocol = (config: Pick<QqConfig, "appId" | "clientSecret">, options: Options = {}): WebhookProtocol => {
  const account = accountOf(config)
  const signer = Signature.make(config.clientSecret)
  const tolerance = Duration.toMillis(Duration.fromInputUnsafe(options.tolerance ?? "5 minutes"))

  /** `undefined` for a call that carries no signature at all. */
  const proof = ({ body, headers }: Call, now: number): "genuine" | "stale" | "forged" | undefined => {
    const signature = headers["x-signature-ed25519"]
    const timestamp = headers["x-signature-timestamp"]
    if (signature === undefined) return undefined
    if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return "forged"
    if (!signer.verify(timestamp, body, signature)) return "forged"
    return Math.abs(Number(timestamp) * 1000 - now) <= tolerance ? "genuine" : "stale"
  }

  const validate = (data: unknown, isGenuine: boolean): Reading => {
    if (!isJson(data)) return unsafe
    const { event_ts: at, plain_token: token } = data
    if (typeof at !== "string" || !/^\d{1,13}$/.test(at)) return unsafe
    if (typeof token !== "string" || !/^[A-Za-z0-9]{1,64}$/.test(token)) return unsafe
    const answer = JSON.stringify({ plain_token: token, signature: signer.sign(at + token) })
    return { _tag: "Reply", answer, isValidation: true, isGenuine }
  }

  const dispatch = (envelope: Json, body: Uint8Array): Event =>
    // An event without an identity of its own is known by its bytes: a repetition has the same.
    decode(account, envelope, () => `w:${createHash("sha256").update(body).digest("base64url")}`)

  return {
    account,
    claims: (headers: Headers) => (headers["x-bot-appid"] ?? config.appId) === config.appId,
    proves: (call) => {
      const proved = proof(call, 0)
      return proved === "genuine" || proved === "stale"
    },
    read: (call, now) => {
      const proved = proof(call, now)
      if (proved === "forged") return forged
      if (proved === "stale") return stale
      if (proved === undefined && call.isAmbiguous === true) return nobodys
      const envelope = parse(call.body)
      if (envelope?.["op"] === Opcode.CallbackValidation) return validate(envelope["d"], proved === "genuine")
      if (proved === undefined) return forged
      if (envelope === undefined) return unreadable
      switch (envelope["op"]) {
        case Opcode.Dispatch:
          return { _tag: "Event", event: dispatch(envelope, call.body), answer: acknowledgement }
        case Opcode.Heartbeat: {
          // A sequence number goes back; what is none might be deeper than JSON can be written.
          const d = typeof envelope["d"] === "number" ? envelope["d"] : null
          const answer = JSON.stringify({ op: Opcode.HeartbeatAck, d })
          return { _tag: "Reply", answer, isValidation: false, isGenuine: true }
        }
        default:
          // It is QQ's, but nothing to handle: refusing it would only bring it again.
          return { _tag: "Reply", answer: acknowledgement, isValidation: false, isGenuine: true }
      }
    }
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

const parse = (body: Uint8Array): Json | undefined => {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(body))
  } catch {
    return undefined
  }
  return isJson(value) && typeof value["op"] === "number" ? value : undefined
}
