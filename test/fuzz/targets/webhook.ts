/** Calls of a webhook: bodies and headers, signed and forged, through the real protocol into an intake. */
import { Clock, Effect, Exit, Fiber, Redacted, Scope } from "effect"
import * as WebhookIntake from "../../../src/engines/WebhookIntake.ts"
import * as Signature from "../../../src/platforms/qq/Signature.ts"
import { protocol } from "../../../src/platforms/qq/Webhook.ts"
import type { GatewayLink } from "../../../src/ports/Platform.ts"
import * as Bytes from "../Bytes.ts"
import type { Chance } from "../Chance.ts"
import { encoded, fieldsOf, type Input, numberOf, textOf, toBytes } from "../Input.ts"
import * as Json from "../Json.ts"
import { look } from "../Look.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Subject, Target } from "../Target.ts"
import { aFrame } from "./frames.ts"

const appId = "102000001"
const clientSecret = Redacted.make(Secrets.clientSecret)
const signer = Signature.make(clientSecret)
const qq = protocol({ appId, clientSecret })
const challenge = { op: 13, d: { plain_token: "Arq0D5A61EgUu4OxUvOp", event_ts: "1725442341" } }

const generate = (chance: Chance): Input => {
  const body = chance.oneIn(3)
    ? encoded(Json.write(Json.mutate(chance, chance.oneIn(3) ? { op: 1, d: 7 } : challenge)))
    : aFrame(chance)
  return {
    body,
    isSigned: !chance.oneIn(3),
    seconds: chance.pick([0, 0, 0, 1, -1, 299, 301, -1e9]),
    headers: chance.oneIn(4)
      ? {
          [chance.pick(["x-signature-ed25519", "x-signature-timestamp", "x-bot-appid"])]: chance.pick([
            Json.text(chance),
            "0".repeat(128),
            Bytes.noise(chance, 64)
          ])
        }
      : {}
  }
}

const open = async (): Promise<Subject> => {
  const scope = Scope.makeUnsafe()
  const clock = await Effect.runPromise(Clock.Clock)
  const intake = await Effect.runPromise(WebhookIntake.make(qq))
  let delivered = 0
  const link: GatewayLink = {
    shard: 0,
    shards: 1,
    deliver: (event, _raw, _position, stored) => {
      look(event)
      delivered++
      stored?.(true)
    },
    advance: () => {},
    forget: () => {},
    resumeFrom: Effect.undefined,
    onPressure: () => Effect.void,
    transition: () => {},
    ignored: (why) => Oracle.sayable("why a call was refused", why),
    beat: () => {}
  }
  const fiber = Effect.runFork(Scope.provide(intake.connect(link), scope))
  await Effect.runPromise(Effect.yieldNow)

  const run = async (input: Input) => {
    const given = fieldsOf(input)
    const body = toBytes(textOf(given["body"]))
    const isSigned = given["isSigned"] === true
    const offset = numberOf(given["seconds"], 0)
    const timestamp = String(Math.floor(clock.currentTimeMillisUnsafe() / 1000) + offset)
    const odd = Object.entries(fieldsOf(given["headers"] ?? null)).map(([name, value]) => [name, textOf(value)])
    // As QQ signs: the timestamp's bytes, then the body's.
    const signature = isSigned ? sign(timestamp, body) : undefined
    const headers = {
      ...(signature === undefined ? {} : { "x-signature-ed25519": signature, "x-signature-timestamp": timestamp }),
      ...Object.fromEntries(odd)
    }
    const before = delivered
    const answer = Oracle.judged("a call", await Effect.runPromiseExit(intake.take({ headers, body })))
    if (answer === undefined) throw new Oracle.Violation("calls are answered", "nothing")
    Oracle.must("calls are answered", [200, 400, 401, 503].includes(answer.status), () => `status ${answer.status}`)
    const isProved = isSigned && odd.length === 0 && Math.abs(offset) <= 299
    Oracle.must(
      "only QQ is heard",
      isProved || odd.length > 0 || delivered === before,
      () => "an unsigned event was taken"
    )
    if (answer.body === undefined) return
    // The platform's own heartbeat is given back to it; the secret never is.
    const { body: text } = answer
    Oracle.must(
      "secrets",
      !text.includes(Secrets.clientSecret),
      () => `an answer holds the secret: ${text.slice(0, 200)}`
    )
    const said: unknown = JSON.parse(answer.body)
    if (typeof said !== "object" || said === null || !("signature" in said)) return
    const { plain_token: token } = said as { readonly plain_token?: unknown }
    Oracle.must("only validations are signed", typeof token === "string" && /^[A-Za-z0-9]{1,64}$/.test(token), () =>
      String(token)
    )
  }
  return {
    run,
    close: async () => {
      await Effect.runPromise(Effect.andThen(Scope.close(scope, Exit.void), Fiber.interrupt(fiber)))
    }
  }
}

/** The signer signs texts; bytes that are no text cannot be signed as QQ would, and count as forged. */
const sign = (timestamp: string, body: Buffer): string => signer.sign(timestamp + body.toString("utf8"))

export const webhook: Target = {
  name: "webhook",
  about: "calls of a webhook, signed and forged",
  share: 15,
  renew: 5000,
  generate,
  open
}
