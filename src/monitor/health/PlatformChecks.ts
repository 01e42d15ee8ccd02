/** How the platform treats an account: whether it answers, lets us in, slows us down, and what time it has. */
import { Effect } from "effect"
import type { RestError } from "../../domain/RestError.ts"
import type { Account } from "../../engines/Account.ts"
import type { Look } from "./AccountChecks.ts"
import { degraded, type Finding, healthy, remark, unhealthy } from "./Check.ts"
import { seconds, span } from "./Span.ts"

/** What a call that failed says about how we stand with the platform. */
const refused = ({ reason }: RestError): Finding => {
  switch (reason._tag) {
    case "Unauthorized":
    case "CredentialsExpired":
      return unhealthy(`logged out: ${reason.message}`)
    case "RateLimited":
      return degraded(`throttled: ${reason.message}`)
    case "Unavailable":
    case "RetriesExhausted":
    case "TimedOut":
    case "OutcomeUnknown":
      return degraded(reason.message)
    default:
      // It would not do this, but it answered, and knew who asked.
      return remark(reason.message)
  }
}

/** A real call, unless the platform asked us to call less, or our breaker is open because its calls fail. */
export const standing: Look = (account, { chronicle }, now) => {
  const { throttled } = account.relay
  if (throttled !== undefined) {
    const left = throttled.until > now ? `, nothing is tried for ${seconds(throttled.until - now)}` : ""
    return degraded(`throttled for ${seconds(now - throttled.since)}${left}: ${throttled.why}`)
  }
  const brokenSince = chronicle.broken.get(account.platform.account)
  if (brokenSince !== undefined && account.relay.depth > 0) {
    return degraded(`sends fail: the breaker is open for ${seconds(now - brokenSince)}`)
  }
  const { probe } = account.platform
  if (probe === undefined) return remark("the platform offers nothing to ask")
  return Effect.match(probe, { onSuccess: () => healthy, onFailure: refused })
}

/** A token shortly before its end is renewed; one that is still not, is a token that cannot be. */
export const credentials: Look = ({ platform }, _scene, now) => {
  const view = platform.credentials?.()
  if (view === undefined) return remark("the platform has none that expire")
  const { failure, usableUntil } = view
  const left = (usableUntil ?? 0) - now
  if (failure === undefined) {
    if (usableUntil === undefined) return remark("none in hand; fetched with the next call")
    return left > 0 ? healthy : degraded(`expired ${span(-left)} ago and not renewed`)
  }
  const why = failure.reason.message
  if (!failure.isRetryable) return unhealthy(`logged out: ${why}`)
  return left > 0 ? degraded(`not renewed, ${span(left)} left: ${why}`) : unhealthy(`none to be had: ${why}`)
}

/** A clock that is off breaks signatures, certificates and every time that is shown. */
export const clock: Look = ({ platform }: Account, { awakeSince, limits }) => {
  if (platform.clock === undefined) return remark("the platform does not tell the time")
  return Effect.map(platform.clock, (view) => {
    // A machine that slept does not count its sleep: what was measured before says nothing about now.
    if (view === undefined || view.measuredAt < awakeSince()) return remark("the platform was not heard yet")
    const { skew, uncertainty } = view
    if (Math.abs(skew) - uncertainty <= limits.clockLimit) return healthy
    return degraded(`this machine's clock is ${span(Math.abs(skew))} ${skew > 0 ? "fast" : "slow"}, by the platform's`)
  })
}
