/** A collector of OpenTelemetry on loopback: takes OTLP/HTTP in JSON and keeps what came. */
import { createServer, type IncomingHttpHeaders } from "node:http"
import { Effect, Schedule } from "effect"

export interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code: number; readonly message?: string }
  readonly attributes: ReadonlyArray<Attribute>
}

export interface Attribute {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

export interface Metric {
  readonly name: string
  readonly unit: string
  readonly sum?: Points
  readonly gauge?: Points
}

interface Points {
  readonly isMonotonic?: boolean
  readonly dataPoints: ReadonlyArray<{ readonly attributes: ReadonlyArray<Attribute>; readonly asDouble: number }>
}

export interface Call {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface Collector {
  readonly endpoint: string
  readonly calls: ReadonlyArray<Call>
  readonly spans: () => ReadonlyArray<Span>
  /** Those of the latest call. */
  readonly metrics: () => ReadonlyArray<Metric>
  /** Resource attributes of the latest call. */
  readonly resource: () => Readonly<Record<string, unknown>>
}

export const plain = (attributes: ReadonlyArray<Attribute>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

/** `answer` is the status of each call; `undefined` gives none. */
export const make = (answer: () => number | undefined = () => 200) =>
  Effect.gen(function* () {
    const calls: Array<Call> = []
    const server = createServer((request, response) => {
      const parts: Array<Buffer> = []
      request.on("data", (part: Buffer) => parts.push(part))
      request.on("end", () => {
        calls.push({ path: request.url ?? "", headers: request.headers, body: Buffer.concat(parts) })
        const status = answer()
        if (status !== undefined) response.writeHead(status, { "content-type": "application/json" }).end("{}")
      })
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
      () =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    )
    const address = server.address()
    const json = (path: string) => calls.filter((call) => call.path === path).map(({ body }) => JSON.parse(`${body}`))
    const latest = (path: string) => json(path).at(-1)
    const collector: Collector = {
      endpoint: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
      calls,
      spans: () => json("/v1/traces").flatMap(({ resourceSpans }) => resourceSpans[0].scopeSpans[0].spans),
      metrics: () => latest("/v1/metrics")?.resourceMetrics[0].scopeMetrics[0].metrics ?? [],
      resource: () => plain(latest("/v1/metrics")?.resourceMetrics[0].resource.attributes ?? [])
    }
    return collector
  })

/** Looks again until it is so; fails after ten seconds. */
export const eventually = (what: string, isSo: () => boolean) =>
  Effect.sync(isSo).pipe(
    Effect.repeat({ until: (so) => so, schedule: Schedule.spaced("10 millis") }),
    Effect.timeoutOrElse({ duration: "10 seconds", orElse: () => Effect.die(new Error(`never happened: ${what}`)) })
  )
