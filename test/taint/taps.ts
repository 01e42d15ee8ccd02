/**
 * The taps: one at each place where something leaves the code. They change nothing of what passes.
 */
import { ChildProcess } from "node:child_process"
import { subscribe } from "node:diagnostics_channel"
import { ServerResponse } from "node:http"
import type { Readable } from "node:stream"
import { format } from "node:util"
import { Cause, Context, Effect, Exit, type Fiber, Layer, Logger, References, Tracer } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { StatusStream } from "../../src/engines/StatusStream.ts"
import { tokenPath } from "../../src/platforms/qq/Protocol.ts"
import { look, lookAtCause, lookInto } from "./Watch.ts"

/** Puts `before` in front of a method; it gets the same `this` and arguments. */
const tap = <K extends string>(
  owner: { readonly [P in K]: (...args: never) => unknown },
  name: K,
  before: (self: unknown, args: ReadonlyArray<unknown>) => void
): void => {
  const original: (...args: never) => unknown = owner[name]
  const tapped = function (this: unknown, ...args: ReadonlyArray<unknown>) {
    before(this, args)
    return Reflect.apply(original, this, args)
  }
  Object.defineProperty(owner, name, { value: tapped, configurable: true, writable: true })
}

/** The same behind a method. */
const tapAfter = <K extends string>(
  owner: { readonly [P in K]: (...args: never) => unknown },
  name: K,
  after: (self: unknown) => void
): void => {
  const original: (...args: never) => unknown = owner[name]
  const tapped = function (this: unknown, ...args: ReadonlyArray<unknown>) {
    const result = Reflect.apply(original, this, args)
    after(this)
    return result
  }
  Object.defineProperty(owner, name, { value: tapped, configurable: true, writable: true })
}

const isText = (chunk: unknown): chunk is string | Uint8Array =>
  typeof chunk === "string" || chunk instanceof Uint8Array

const output = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    tap(stream, "write", (_, [chunk]) => {
      if (isText(chunk)) look("output", chunk)
    })
  }
  for (const name of ["log", "info", "warn", "error", "debug", "trace", "dir"] as const) {
    tap(console, name, (_, args) => look("output", format(...args)))
  }
}

/** Hears every message that any logger hears, whichever loggers a test has put in place. */
const logger = Logger.make<unknown, void>(({ cause, fiber, message }) => {
  lookInto("log", message)
  look("log", format(message))
  lookInto("log", fiber.getRef(References.CurrentLogAnnotations))
  if (cause.reasons.length > 0) lookAtCause("log", cause)
})

const withOurs = new WeakMap<ReadonlySet<unknown>, ReadonlySet<unknown>>()

const logs = (prototype: Pick<Fiber.Fiber<unknown, unknown>, "getRef">): void => {
  const getRef = prototype.getRef
  const tapped = function (this: typeof prototype, reference: Context.Reference<unknown>): unknown {
    const value: unknown = Reflect.apply(getRef, this, [reference])
    if (reference.key !== Logger.CurrentLoggers.key || !(value instanceof Set)) return value
    const known = withOurs.get(value) ?? new Set([...value, logger])
    withOurs.set(value, known)
    return known
  }
  Object.defineProperty(prototype, "getRef", { value: tapped, configurable: true, writable: true })
}

/** Every fiber that ends in a failure: what it failed with is what its parent, or a log, may say. */
const errors = (prototype: { readonly evaluate: (...args: never) => unknown }): void => {
  const seen = new WeakSet<object>()
  tapAfter(prototype, "evaluate", (self) => {
    const { _exit: exit } = self as { readonly _exit: Exit.Exit<unknown, unknown> | undefined }
    if (exit === undefined || Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return
    const error = Cause.squash(exit.cause)
    const identity = typeof error === "object" && error !== null ? error : exit.cause
    if (seen.has(identity)) return
    seen.add(identity)
    lookAtCause("error", exit.cause)
  })
}

const spans = (): void => {
  tap(Tracer.NativeSpan.prototype, "attribute", (_, args) => lookInto("span", args))
  tap(Tracer.NativeSpan.prototype, "event", (_, args) => lookInto("span", args))
  tap(Tracer.NativeSpan.prototype, "end", (self, [, exit]) => {
    const { attributes, events, name } = self as Tracer.NativeSpan
    lookInto("span", [name, attributes, events])
    if (Exit.isExit(exit) && Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) lookInto("span", exit.cause)
  })
}

const statuses = (): void => {
  const layer = Layer.effect(
    StatusStream,
    Effect.map(StatusStream, (stream) =>
      StatusStream.of({
        ...stream,
        publish: (status) => {
          lookInto("status", status)
          stream.publish(status)
        }
      })
    )
  ).pipe(Layer.provide(StatusStream.layer))
  Object.defineProperty(StatusStream, "layer", { value: layer })
}

/** Servers of this process; the platform that hands out tokens may do so where it hands them out. */
const answers = (): void => {
  const lookAt = (self: unknown, chunk: unknown): void => {
    if (!(self instanceof ServerResponse) || !isText(chunk)) return
    const url = self.req.url ?? ""
    const allowed = url.startsWith(tokenPath) ? (["a token of the simulator"] as const) : []
    look("HTTP answer", chunk, { where: url.split("?")[0] ?? "", allowed })
  }
  tap(ServerResponse.prototype, "write", (self, [chunk]) => lookAt(self, chunk))
  tap(ServerResponse.prototype, "end", (self, [chunk]) => {
    lookAt(self, chunk)
    if (self instanceof ServerResponse) lookAt(self, JSON.stringify(self.getHeaders()))
  })
}

/** Addresses end up in the logs of whatever stands between. */
const requests = (): void => {
  const lines: ReadonlyArray<readonly [string, (request: Readonly<Record<string, unknown>>) => string]> = [
    ["undici:request:create", ({ method, origin, path }) => `${method} ${origin}${path}`],
    ["http.client.request.start", ({ host, method, path }) => `${method} ${host}${path}`]
  ]
  for (const [channel, line] of lines) {
    subscribe(channel, (message) => {
      const { request } = message as { readonly request: Readonly<Record<string, unknown>> }
      look("request line", line(request))
    })
  }
}

const children = (): void => {
  const prototype = ChildProcess.prototype as ChildProcess & { readonly spawn: (...args: never) => unknown }
  tap(prototype, "spawn", (_, [options]) => {
    const { args } = options as { readonly args?: ReadonlyArray<string> }
    look("arguments of a child", (args ?? []).join("\n"))
  })
  tapAfter(prototype, "spawn", (self) => {
    const { stderr, stdout } = self as { readonly stdout: Readable | null; readonly stderr: Readable | null }
    for (const stream of [stdout, stderr]) {
      if (stream === null) continue
      // What is read off the pipe passes here; to listen for "data" would make it flow.
      tap(stream, "push", (_, [chunk]) => {
        if (isText(chunk)) look("output of a child", chunk)
      })
    }
  })
}

/** Looks at all metrics there are. */
export const metrics = (): void => look("metrics", PrometheusMetrics.formatUnsafe(Context.empty()))

let isInstalled = false

/** Once for each process, however many suites it runs. */
export const install = (): void => {
  if (isInstalled) return
  isInstalled = true
  const fiber = Effect.runFork(Effect.void)
  const prototype = Object.getPrototypeOf(fiber)
  output()
  logs(prototype)
  errors(prototype)
  spans()
  statuses()
  answers()
  requests()
  children()
}
