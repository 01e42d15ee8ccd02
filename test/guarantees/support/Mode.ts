/**
 * The two ways QQ brings events: by a WebSocket that the bot dials, or by calls to a webhook of the bot. A guarantee
 * holds for both, so its tests run once for each.
 */
import { createServer } from "node:net"
import { Effect } from "effect"
import type { QqSimulator } from "everbot/simulator"

export type Mode = "WebSocket" | "webhook"

export const modes: ReadonlyArray<Mode> = ["WebSocket", "webhook"]

/** Below the ports that the system gives to outgoing connections, so that a port stays ours while a bot is restarted. */
const lowest = 20_000
const highest = 32_000
let last = lowest + ((process.pid * 97) % (highest - lowest))

/** A port on which nobody listens. */
export const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const attempt = () => {
    last = last >= highest ? lowest : last + 1
    const port = last
    const server = createServer()
    server.once("error", attempt)
    server.listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(port))))
  }
  attempt()
})

/** The webhook's settings of a platform that repeats until the bot is back, however slowly the machine starts it. */
export const patient = (port: number): QqSimulator.WebhookOptions => ({
  url: `http://127.0.0.1:${port}/qq`,
  retries: 600,
  retryAfter: "100 millis"
})

const ports = new WeakMap<QqSimulator.QqSimulator, number>()

export const remember = (simulator: QqSimulator.QqSimulator, port: number) => ports.set(simulator, port)

/** The port on which the bot of this platform is called; nothing for one that dials. */
export const portOf = (simulator: QqSimulator.QqSimulator): number | undefined => ports.get(simulator)
