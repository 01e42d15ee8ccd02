/**
 * The readers of the live stream: so many at most, and none that stands still for ever. Writing waits for the socket, so
 * a reader that does not read holds up its own fiber only; after a while it is cut off, and its place is free.
 */
import * as NodeRequest from "@effect/platform-node/NodeHttpServerRequest"
import { Clock, Context, Effect, Layer, Stream } from "effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { Recorder } from "../Recorder.ts"
import { Feed } from "./Feed.ts"
import { Unavailable } from "./Refusals.ts"

export const defaultMaxStreams = 2048
/** Milliseconds without taking anything, while there is something every second. */
const patience = 60_000

interface Reader {
  tookAt: number
  readonly cut: () => void
}

export class Streams extends Context.Service<
  Streams,
  {
    /** Answers with the live stream. */
    readonly open: Effect.Effect<HttpServerResponse.HttpServerResponse, Unavailable, HttpServerRequest>
  }
>()("everbot/monitor/Streams") {
  static readonly layer = (maxStreams: number) =>
    Layer.effect(
      Streams,
      Effect.gen(function* () {
        const feed = yield* Feed
        const clock = yield* Clock.Clock
        const readers = new Set<Reader>()
        const recorder = yield* Recorder
        recorder.watch(() => readers.size)

        const sweep = Effect.sync(() => {
          const now = clock.currentTimeMillisUnsafe()
          for (const reader of readers) if (now - reader.tookAt > patience) reader.cut()
        })
        yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep("10 seconds"), sweep)))

        const streamFor = (reader: Reader, from: number): Stream.Stream<Uint8Array> => {
          let place = from
          return Stream.fromEffectRepeat(
            Effect.map(
              Effect.suspend(() => feed.after(place)),
              ({ bytes, next }) => {
                place = next
                reader.tookAt = clock.currentTimeMillisUnsafe()
                return bytes
              }
            )
          )
        }

        return {
          open: Effect.gen(function* () {
            if (readers.size >= maxStreams) {
              return yield* new Unavailable({ message: `${maxStreams} streams are open, and no more may be.` })
            }
            const request = yield* HttpServerRequest
            const incoming = NodeRequest.toIncomingMessage(request)
            const reader: Reader = {
              tookAt: clock.currentTimeMillisUnsafe(),
              cut: () => incoming.socket.destroy()
            }
            readers.add(reader)
            incoming.socket.once("close", () => readers.delete(reader))
            // A comment first, so that a reader knows at once that it is connected.
            const hello = Stream.succeed(new TextEncoder().encode(": everbot\n\n"))
            const live = streamFor(reader, feed.place(request.headers["last-event-id"]))
            return HttpServerResponse.stream(
              Stream.concat(hello, live).pipe(Stream.ensuring(Effect.sync(() => readers.delete(reader)))),
              {
                contentType: "text/event-stream",
                headers: { "cache-control": "no-store", "x-accel-buffering": "no", connection: "close" }
              }
            )
          })
        }
      })
    )
}
