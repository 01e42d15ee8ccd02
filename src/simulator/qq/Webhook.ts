/**
 * The platform's side of webhooks: validates the bot's address, then calls it for every event, and again when the call
 * fails. One call at a time for each chat; how QQ orders them is not documented.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto"
import { Data, Effect } from "effect"
import type { Books, Offered, SessionEntry } from "../Books.ts"
import type { WebhookFault } from "../Faults.ts"
import type { Ambient } from "./Ambient.ts"
import { Op } from "./Codes.ts"
import { fieldsOf } from "./Frames.ts"
import type { Settings } from "./Options.ts"
import { dataOf, eventIdOf } from "./Payloads.ts"
import { make as makeSender, type Sender, type Signed } from "./WebhookSender.ts"

/** One event on its way to the bot's address: to the books a session of a single event. */
export class Push implements SessionEntry {
  readonly shard = [0, 1] as const
  readonly intents = 0
  readonly abandoned = false
  writtenUpTo = 0
  receivedUpTo = 0
  endedAt?: number
  endedBy?: "platform" | "bot"
  attempts = 0
  call: Signed | undefined
  readonly id: string
  readonly startedAt: number
  readonly offered: Offered
  constructor(offered: Offered) {
    this.id = `webhook/${offered.index}`
    this.startedAt = offered.at
    this.offered = offered
  }
}

/** The address did not prove that it knows the secret. */
export class WebhookRefused extends Data.TaggedError("WebhookRefused")<{ readonly why: string }> {}

export interface Webhook {
  /** Where the bot is called; nothing before it was validated. */
  readonly address: () => string | undefined
  readonly register: (url: string) => Effect.Effect<void, WebhookRefused>
  readonly offer: (offered: Offered) => void
  readonly inject: (fault: WebhookFault) => void
}

/** PKCS #8 around the seed: the secret's bytes over and over, 32 of them. */
const keyOf = (secret: string): KeyObject => {
  const seed = Buffer.from(secret.repeat(Math.ceil(32 / secret.length)), "utf8").subarray(0, 32)
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed])
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" })
}

const chatOf = ({ id, place }: Offered): string => (place === undefined ? `event:${id}` : `${place.kind}:${place.id}`)

/** Calls that a replay can repeat. */
const remembered = 1000

export const make = (settings: Settings, ambient: Ambient, books: Books): Webhook => {
  const { retries, retryAfter, timeout } = settings.webhook
  const key = keyOf(settings.clientSecret)
  const publicKey = createPublicKey(key)
  const strangers = keyOf("somebody else's secret")
  const chats = new Map<string, Array<Push>>()
  const calls: Array<Signed> = []
  const left = { lostAnswer: 0, duplicate: 0, reorder: 0, truncated: 0, slow: 0 }
  let slowFor = 0
  let sender: Sender | undefined
  let address: string | undefined

  const signed = (body: string, by: KeyObject = key): Signed => {
    const timestamp = String(Math.floor(ambient.now() / 1000))
    const headers = {
      "Content-Type": "application/json",
      "User-Agent": "QQBot-Callback",
      "X-Bot-Appid": settings.appId,
      "X-Signature-Ed25519": sign(null, Buffer.from(timestamp + body, "utf8"), by).toString("hex"),
      "X-Signature-Method": "Ed25519",
      "X-Signature-Timestamp": timestamp,
      "X-Tps-trace-id": ambient.text(32, "0123456789abcdef")
    }
    return { body: Buffer.from(body, "utf8"), headers }
  }

  const strikes = (fault: keyof typeof left): boolean => {
    if (left[fault] <= 0) return false
    left[fault]--
    return true
  }

  const hostile = (kind: "forged" | "replayed", call: Signed) =>
    sender?.post(call, ({ status }) => {
      books.hostile.push({ at: ambient.now(), kind, status })
      books.noted(`hostile:${kind}`)
    })

  const settle = (push: Push, status: number | undefined, next: () => void) => {
    books.pushes.push({ at: ambient.now(), id: push.offered.id, attempt: push.attempts, status })
    const isTaken = status !== undefined && status >= 200 && status < 300
    if (isTaken) push.receivedUpTo = 1
    else if (push.attempts <= retries) ambient.after(retryAfter, () => attempt(push, next))
    else {
      push.endedAt = ambient.now()
      push.endedBy = "platform"
      books.noted("webhook:gaveUp")
    }
    if (isTaken || push.endedAt !== undefined) next()
    books.noted(`webhook:${status ?? "unanswered"}`)
  }

  const attempt = (push: Push, next: () => void) => {
    const { offered } = push
    push.call ??= signed(
      JSON.stringify({ id: eventIdOf(offered), op: Op.Dispatch, t: offered.type, d: dataOf(offered) })
    )
    const { call } = push
    push.attempts++
    push.writtenUpTo = 1
    const isLost = strikes("lostAnswer")
    if (strikes("truncated")) sender?.truncate(call)
    if (strikes("duplicate")) sender?.post(call, () => books.noted("webhook:repeated"))
    sender?.post(
      call,
      ({ status }) => {
        if (status === 200) {
          calls.push(call)
          if (calls.length > remembered) calls.shift()
        }
        settle(push, isLost ? undefined : status, next)
      },
      strikes("slow") ? slowFor : 0
    )
  }

  /** Works off the calls of one chat. */
  const work = (chat: string, queue: Array<Push>) => {
    const push = queue[0]
    if (push === undefined) return void chats.delete(chat)
    attempt(push, () => {
      queue.shift()
      work(chat, queue)
    })
  }

  const validate = Effect.fnUntraced(function* (to: Sender) {
    const token = ambient.text(20, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    const at = String(Math.floor(ambient.now() / 1000))
    const call = signed(JSON.stringify({ op: Op.CallbackValidation, d: { plain_token: token, event_ts: at } }))
    const answer = yield* Effect.callback<{ readonly status: number | undefined; readonly body: string }>((resume) =>
      to.post(call, (answer) => resume(Effect.succeed(answer)))
    )
    const fields = fieldsOf(answer.body)
    const proof = Buffer.from(String(fields?.["signature"]), "hex")
    const isOurs = fields?.["plain_token"] === token && verify(null, Buffer.from(at + token, "utf8"), publicKey, proof)
    books.validations.push({ at: ambient.now(), status: answer.status, accepted: answer.status === 200 && isOurs })
    books.noted("webhook:validation")
    if (answer.status === 200 && isOurs) return
    return yield* new WebhookRefused({ why: `status ${answer.status ?? "none"}, signature ${isOurs ? "good" : "bad"}` })
  })

  return {
    address: () => address,
    register: Effect.fnUntraced(function* (url) {
      const to = makeSender(url, timeout, ambient)
      yield* validate(to)
      sender?.close()
      sender = to
      address = url
    }),
    offer: (offered) => {
      const push = new Push(offered)
      offered.deliveries = [{ session: push, s: 1 }]
      if (strikes("reorder")) {
        ambient.after(Math.floor(ambient.random() * 100), () => attempt(push, () => {}))
        return
      }
      const chat = chatOf(offered)
      const queue = chats.get(chat)
      if (queue !== undefined) return void queue.push(push)
      const fresh = [push]
      chats.set(chat, fresh)
      work(chat, fresh)
    },
    inject: (fault) => {
      switch (fault.kind) {
        case "webhookForged":
          for (let n = 0; n < fault.times; n++) hostile("forged", signed(forgery(ambient), strangers))
          return
        case "webhookReplayed":
          for (const call of calls.slice(-fault.times)) hostile("replayed", call)
          return
        case "webhookSlow":
          slowFor = fault.ms
          left.slow = fault.times
          return
        case "webhookLostAnswer":
          left.lostAnswer = fault.times
          return
        case "webhookDuplicate":
          left.duplicate = fault.times
          return
        case "webhookReorder":
          left.reorder = fault.times
          return
        case "webhookTruncated":
          left.truncated = fault.times
      }
    }
  }
}

/** What a stranger would like the bot to believe. */
const forgery = (ambient: Ambient): string =>
  JSON.stringify({
    id: `C2C_MESSAGE_CREATE:${ambient.uuid()}`,
    op: Op.Dispatch,
    t: "C2C_MESSAGE_CREATE",
    d: {
      id: `ROBOT1.0_${ambient.text(30, "abcdef0123456789")}`,
      content: "forged",
      author: { user_openid: "FORGED" },
      timestamp: "2026-01-01T12:00:00+08:00"
    }
  })
