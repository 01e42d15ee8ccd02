/**
 * Who may come in: whoever knows the token. It is compared in constant time. An address from which too many wrong ones
 * came is not listened to for a while, so that nobody guesses for long; it is named in the log, the token never is.
 */
import { createHash, timingSafeEqual } from "node:crypto"
import { Clock, Effect, Option, Redacted } from "effect"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import { categoryKey } from "../logs/Record.ts"
import { TooManyAttempts, Unauthorized } from "./Refusals.ts"

/** Wrong tokens from one address within the window, before it has to wait for the window's end. */
export const maxAttempts = 10
/** Milliseconds. */
const window = 60_000
/** Addresses remembered. */
const maxAddresses = 1024

interface Attempts {
  readonly since: number
  count: number
}

/** Where a call comes from. What a proxy says about its callers is not believed: anybody can say it. */
export const addressOf = ({ remoteAddress }: HttpServerRequest): string =>
  Option.getOrElse(remoteAddress, () => "unknown").replace(/^::ffff:/, "")

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

const howTo = "Send the token of this monitor as Authorization: Bearer <token>."

const warn = (text: string) => Effect.annotateLogs(Effect.logWarning(text), categoryKey, "security")

/** Lets a call in, or says why not. */
export type Access = (
  credential: Redacted.Redacted,
  address: string
) => Effect.Effect<void, Unauthorized | TooManyAttempts>

export const make = (token: Redacted.Redacted): Access => {
  const expected = digest(Redacted.value(token))
  const attempts = new Map<string, Attempts>()

  const refused = (address: string, now: number): Attempts => {
    const known = attempts.get(address)
    const counted = known === undefined || now - known.since >= window ? { since: now, count: 0 } : known
    counted.count++
    attempts.delete(address)
    attempts.set(address, counted)
    const oldest = attempts.keys().next()
    if (attempts.size > maxAddresses && !oldest.done) attempts.delete(oldest.value)
    return counted
  }

  return Effect.fnUntraced(function* (credential, address) {
    const now = yield* Clock.currentTimeMillis
    const before = attempts.get(address)
    if (before !== undefined && before.count >= maxAttempts && now - before.since < window) {
      const retryAfterSeconds = Math.max(1, Math.ceil((before.since + window - now) / 1000))
      const message = `Too many wrong tokens came from ${address}. Wait ${retryAfterSeconds} seconds.`
      return yield* new TooManyAttempts({ message, retryAfterSeconds })
    }
    const given = Redacted.value(credential)
    if (timingSafeEqual(digest(given), expected)) return
    // A call without one is no guess.
    if (given === "") return yield* new Unauthorized({ message: `There is no token. ${howTo}` })
    const { count } = refused(address, now)
    if (count === 1) yield* warn(`the monitor was called with a wrong token from ${address}`)
    if (count === maxAttempts) yield* warn(`${count} wrong tokens came from ${address}: it has to wait`)
    return yield* new Unauthorized({ message: `The token is wrong. ${howTo}` })
  })
}
