/** Where traces and metrics go, and how many: every option with its default and its variable. */
import { type Duration, Redacted, Result } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"
import * as Setting from "../../ports/Setting.ts"
import type { Headers } from "./Collector.ts"

export interface Options {
  /**
   * The base address of an OTLP/HTTP collector: traces go to `/v1/traces` under it, metrics to `/v1/metrics`. Without one
   * nothing is drawn and nothing is sent.
   */
  readonly endpoint?: string | undefined
  /** Sent with every call, e.g. `{ authorization: … }`. */
  readonly headers?: Headers | undefined
  /** @defaultValue "http/protobuf" */
  readonly protocol?: "http/protobuf" | "http/json" | undefined
  /** How the bot is called there. @defaultValue "everbot" */
  readonly serviceName?: string | undefined
  /** The part of all events whose way is drawn, above 0 and up to 1: a busy bot needs no more than a few. @defaultValue 1 */
  readonly sample?: number | undefined
  /** @defaultValue true */
  readonly traces?: boolean | undefined
  /** @defaultValue true */
  readonly metrics?: boolean | undefined
  /** From one batch of spans to the next. @defaultValue 5 seconds */
  readonly tracesEvery?: Duration.Input | undefined
  /** From one reading of the metrics to the next. @defaultValue 30 seconds */
  readonly metricsEvery?: Duration.Input | undefined
}

export const defaults = {
  protocol: "http/protobuf",
  serviceName: "everbot",
  sample: 1,
  traces: true,
  metrics: true,
  tracesEvery: "5 seconds",
  metricsEvery: "30 seconds"
} as const satisfies Options

const bad = (setting: string, problem: string, mend: string) =>
  new ConfigError({ setting, reason: new Malformed({ problem }), mend })

/** The address, if it is one that a collector can have. */
export const addressOf = (setting: string, text: string): Result.Result<string, ConfigError> => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    const mend = "Write it like http://127.0.0.1:4318, or leave it out."
    return Result.fail(bad(setting, "is not an http or https address without a query", mend))
  }
  if (url.username !== "" || url.password !== "") {
    return Result.fail(bad(setting, "holds a password", "Send it as a header: OTEL_EXPORTER_OTLP_HEADERS."))
  }
  return Result.succeed(url.href.replace(/\/+$/, ""))
}

const decoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text.trim())
  } catch {
    return undefined
  }
}

const isToken = (name: string): boolean => /^[!#$%&'*+.^_`|~\w-]+$/.test(name)
const isPlain = (value: string): boolean => /^[\x20-\x7e]+$/.test(value)

const headersName = "OTEL_EXPORTER_OTLP_HEADERS"

/** `name=value,name=value`, percent-encoded. */
const headersOf = (text: string): Result.Result<Headers, ConfigError> => {
  const headers: Record<string, Redacted.Redacted> = {}
  for (const pair of text.split(",")) {
    const [, name = "", given = ""] = /^\s*([^=]*?)\s*=(.*)$/s.exec(pair) ?? []
    const value = decoded(given)
    if (!isToken(name) || value === undefined || !isPlain(value)) {
      const mend = "Write them like name=value,name=value, percent-encoded."
      return Result.fail(bad(headersName, "are no headers", mend))
    }
    headers[name] = Redacted.make(value, { label: name })
  }
  return Result.succeed(headers)
}

const endpointName = "OTEL_EXPORTER_OTLP_ENDPOINT"

/** Where the environment says {@link Options}: the names are those of OpenTelemetry, where it has one. */
export const settings = {
  endpoint: Setting.custom(
    { name: endpointName, about: "An OTLP/HTTP collector of traces and metrics; without one none are made." },
    (text) => addressOf(endpointName, text)
  ),
  headers: {
    ...Setting.custom({ name: headersName, about: "Headers for it: name=value, joined by commas." }, headersOf),
    isSecret: true
  },
  protocol: Setting.oneOf(
    { name: "OTEL_EXPORTER_OTLP_PROTOCOL", about: "How it is spoken to.", fallback: defaults.protocol },
    ["http/protobuf", "http/json"],
    "is neither http/protobuf nor http/json"
  ),
  serviceName: Setting.text({
    name: "OTEL_SERVICE_NAME",
    about: "How the bot is called there.",
    fallback: defaults.serviceName
  }),
  sample: Setting.amount(
    { name: "OTEL_TRACES_SAMPLER_ARG", about: "The part of all events that is traced, up to 1.", fallback: "1" },
    1
  ),
  traces: Setting.flag({ name: "EVERBOT_TRACES", about: "Whether traces are sent to it.", fallback: "true" }),
  metrics: Setting.flag({ name: "EVERBOT_METRICS", about: "Whether metrics are sent to it.", fallback: "true" }),
  tracesEvery: Setting.duration({
    name: "EVERBOT_TRACES_EVERY",
    about: "From one batch of spans to the next.",
    fallback: defaults.tracesEvery
  }),
  metricsEvery: Setting.duration({
    name: "EVERBOT_METRICS_EVERY",
    about: "From one reading of the metrics to the next.",
    fallback: defaults.metricsEvery
  })
} satisfies Setting.For<Options>

/** With nothing left open; the address is without a slash at the end. */
export type Checked = { readonly [K in keyof Options]-?: Exclude<Options[K], undefined> }

/** What there is to do; `undefined` when nothing is sent anywhere. */
export const check = (options: Options): Result.Result<Checked | undefined, ConfigError> => {
  const sample = options.sample ?? defaults.sample
  if (!(sample > 0 && sample <= 1)) {
    return Result.fail(bad("telemetry.sample", `is ${sample}`, "Give a number above 0 and up to 1."))
  }
  if (options.endpoint === undefined) return Result.succeed(undefined)
  return Result.map(addressOf("telemetry.endpoint", options.endpoint), (endpoint) => ({
    endpoint,
    headers: options.headers ?? {},
    protocol: options.protocol ?? defaults.protocol,
    serviceName: options.serviceName ?? defaults.serviceName,
    sample,
    traces: options.traces ?? defaults.traces,
    metrics: options.metrics ?? defaults.metrics,
    tracesEvery: options.tracesEvery ?? defaults.tracesEvery,
    metricsEvery: options.metricsEvery ?? defaults.metricsEvery
  }))
}
