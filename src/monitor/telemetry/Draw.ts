/**
 * The way of a message as spans: `Inbox.append` (from the wire to the store) → `Dispatcher.handle` (a turn) → `Relay.send`
 * (an attempt to tell the platform). The span of an event has ids made of the event, so that whoever handles it, in
 * whichever process, knows its parent; a send finds its parent in its row of the outbox.
 */
import { hash } from "node:crypto"
import { type Clock, Context, Effect, Exit, Option, Tracer } from "effect"
import { laneKey } from "../../domain/Conversation.ts"
import type { Event } from "../../domain/Event.ts"
import type { OutboxMessage } from "../../domain/Message.ts"
import type { Drawing } from "../../engines/Spans.ts"

interface Ids {
  readonly traceId: string
  readonly spanId: string
}

/** The ids of what these words name, the same in every process. */
const idsOf = (...words: ReadonlyArray<string>): Ids => {
  const digits = hash("sha256", words.join("\n"), "hex")
  return { traceId: digits.slice(0, 32), spanId: digits.slice(32, 48) }
}

const eventIds = ({ account, key }: Event): Ids => idsOf("event", account, key)

/** W3C trace context, https://www.w3.org/TR/trace-context/#traceparent-header */
const traceparent = ({ spanId, traceId }: Ids, isSampled: boolean): string =>
  `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}`

const parse = (text: string): (Ids & { readonly isSampled: boolean }) | undefined => {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** Decided by the id, so that all spans of a trace are drawn or none, also by other processes. */
const samples = (part: number) => {
  const limit = part * 2 ** 48
  return (traceId: string): boolean => Number.parseInt(traceId.slice(-12), 16) < limit
}

interface Facts {
  readonly kind: Tracer.SpanKind
  readonly startTime: bigint
  /** The span this one is part of. */
  readonly parent?: Ids
  /** Ids of its own that are known beforehand. */
  readonly ids?: Partial<Ids>
  readonly attributes: Readonly<Record<string, string | number>>
}

/** Draws for a tracer; `part` (0..1) of all events. */
export const make = (tracer: Tracer.Tracer, clock: Clock.Clock, part: number): Drawing => {
  const isSampled = samples(part)
  const now = (): bigint => clock.currentTimeNanosUnsafe()

  const begin = (name: string, { attributes, ids, kind, parent, startTime }: Facts): Tracer.Span => {
    const span = tracer.span({
      name,
      parent: parent === undefined ? Option.none() : Option.some(Tracer.externalSpan(parent)),
      annotations: Context.empty(),
      links: [],
      startTime,
      kind,
      root: parent === undefined,
      sampled: true
    })
    // Tracers make ids up when they are asked for; these are known already.
    for (const [key, value] of Object.entries(ids ?? {})) Object.defineProperty(span, key, { value })
    for (const [key, value] of Object.entries(attributes)) span.attribute(key, value)
    return span
  }
  const inside = (span: Tracer.Span) => Context.make(Tracer.ParentSpan, span).pipe(Context.add(Tracer.Tracer, tracer))

  const about = ({ account, conversation, key, type }: Event) => ({
    account,
    conversation: laneKey(conversation),
    event: key,
    "event.type": type
  })

  return {
    stored: (event, receivedAt) => {
      const ids = eventIds(event)
      if (!isSampled(ids.traceId)) return
      const startTime = BigInt(Math.floor(receivedAt)) * 1_000_000n
      const span = begin("Inbox.append", { kind: "consumer", startTime, ids, attributes: about(event) })
      const end = now()
      // The clock may have been set back between the two.
      span.end(end < startTime ? startTime : end, Exit.void)
    },
    turn: (event, attempt) => {
      const parent = eventIds(event)
      if (!isSampled(parent.traceId)) {
        return { context: undefined, trace: undefined, traceparent: traceparent(parent, false), end: () => {} }
      }
      const attributes = { ...about(event), turn: attempt }
      const span = begin("Dispatcher.handle", { kind: "internal", startTime: now(), parent, attributes })
      return {
        context: inside(span),
        trace: span.traceId,
        traceparent: traceparent(span, true),
        end: (exit) => span.end(now(), exit)
      }
    },
    send: (message, send) => {
      const parent = message.trace === undefined ? undefined : parse(message.trace)
      const ids = parent === undefined ? messageIds(message) : undefined
      if (!(parent?.isSampled ?? isSampled(ids?.traceId ?? ""))) return send
      const { conversation, id } = message
      const attributes = { account: conversation.account, conversation: laneKey(conversation), message: id }
      return Effect.suspend(() => {
        const facts = { kind: "producer", startTime: now(), attributes } as const
        const span = begin(
          "Relay.send",
          parent === undefined ? { ...facts, ids: { traceId: ids?.traceId ?? "" } } : { ...facts, parent }
        )
        return send.pipe(
          Effect.provideContext(inside(span)),
          Effect.onExit((exit) => Effect.sync(() => span.end(now(), exit)))
        )
      })
    }
  }
}

/** Of a message that no traced turn said: its attempts belong together all the same. */
const messageIds = ({ conversation, createdAt, id }: OutboxMessage): Ids =>
  idsOf("message", conversation.account, `${id}`, `${createdAt}`)
