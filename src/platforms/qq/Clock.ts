/** What time it is at QQ: its answers say so in their `Date`, so whoever asks anything measures the clock as well. */
import { Clock, Context, Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { monotonic } from "../../engines/Heartbeat.ts"
import { PeerClock } from "../../engines/PeerClock.ts"
import type { ClockView } from "../../ports/Platform.ts"
import type { QqConfig } from "./Config.ts"

export class QqClock extends Context.Service<QqClock, Effect.Effect<ClockView | undefined>>()(
  "everbot/platforms/qq/Clock"
) {
  /**
   * A client that reads the clock off every answer, and what it read. Answers of other hosts, from which media are
   * fetched, do not count. One for each account: several may live on several hosts.
   */
  static readonly layer = ({ apiUrl, tokenUrl }: QqConfig) =>
    Layer.fresh(
      Layer.effectContext(
        Effect.gen(function* () {
          const client = yield* HttpClient.HttpClient
          const clock = yield* Clock.Clock
          const peer = new PeerClock()
          const hosts = new Set([new URL(apiUrl).host, new URL(tokenUrl).host])
          const listening = HttpClient.transform(client, (answer, { url }) => {
            if (!URL.canParse(url) || !hosts.has(new URL(url).host)) return answer
            const asked = monotonic(clock)
            return Effect.map(answer, (response) => {
              const now = clock.currentTimeMillisUnsafe()
              peer.heard(response.headers["date"], { asked, came: monotonic(clock), now })
              return response
            })
          })
          const view = Effect.sync(() => peer.view(clock.currentTimeMillisUnsafe(), monotonic(clock)))
          return Context.make(HttpClient.HttpClient, listening).pipe(Context.add(QqClock, view))
        })
      )
    )
}
