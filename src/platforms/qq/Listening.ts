/**
 * Looks, before an account connects, whether its handlers can ever be called. What no account of the app is told of
 * stops the account or is warned about; what another account hears is in order.
 */
import { Effect } from "effect"
import * as GatewayError from "../../domain/GatewayError.ts"
import { Runtime } from "../../engines/Runtime.ts"
import type { Interest, Platform } from "../../ports/Platform.ts"
import { accountOf, type QqConfig } from "./Config.ts"
import * as IntentCheck from "./IntentCheck.ts"

/** The check of one account, to be made before it asks the platform for anything; it says the same thing once. */
export const make = Effect.fnUntraced(function* (
  config: Pick<QqConfig, "appId" | "intents">,
  onMissing: "fail" | "warn"
) {
  const runtime = yield* Runtime
  const account = accountOf(config)
  const said = new Set<string>()
  const once = (line: string, log: (line: string) => Effect.Effect<void>) =>
    Effect.suspend(() => {
      if (said.has(line)) return Effect.void
      said.add(line)
      return Effect.annotateLogs(log(line), { account })
    })

  return Effect.gen(function* () {
    const interests = runtime.interests()
    const others = runtime.accounts().flatMap(({ platform }) => (platform.account === account ? [] : platform))
    const [ours, theirs] = deafTo(config.intents, interests, others)
    if (theirs.length > 0) {
      yield* once(`handlers that only other accounts can call: ${IntentCheck.lack(theirs).detail}`, Effect.logDebug)
    }
    const idle = IntentCheck.unused(config.intents, interests)
    if (idle.length > 0) yield* once(`intents that no handler needs: ${idle.join(", ")}`, Effect.logDebug)
    if (ours.length === 0) return
    const reason = new GatewayError.IntentsMissing(IntentCheck.lack(ours))
    if (onMissing === "fail") return yield* new GatewayError.GatewayError({ account, reason })
    yield* once(reason.message, Effect.logWarning)
  })
})

/** What cannot come to this account: what nobody else hears either, and what somebody else does. */
const deafTo = (
  intents: number,
  interests: ReadonlyArray<Interest>,
  others: ReadonlyArray<Platform>
): readonly [nobody: ReadonlyArray<Interest>, others: ReadonlyArray<Interest>] => {
  const deaf = interests.filter((interest) => concernsQq(interest) && !IntentCheck.hears(intents, interest))
  const isHeard = (interest: Interest) => others.some((platform) => canHear(platform, interest))
  return [deaf.filter((interest) => !isHeard(interest)), deaf.filter(isHeard)]
}

const concernsQq = ({ only }: Interest): boolean => only === undefined || only.platform === "qq"

const canHear = ({ hears, name }: Platform, interest: Interest): boolean =>
  (interest.only === undefined || interest.only.platform === name) && (hears?.(interest) ?? true)
