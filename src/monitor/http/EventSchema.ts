/** What `/api/events` tells, one piece at a time. */
import { Schema } from "effect"
import { ConnectionStateTag, Sample } from "./Schemas.ts"

const Millis = Schema.Number

/** Something changed. A message that was sent is no news of its own: samples count those. */
export const News = Schema.Struct({
  _tag: Schema.Literal("News"),
  at: Millis,
  /** The name of the status, e.g. `ConnectionChanged`. */
  kind: Schema.String,
  severity: Schema.Literals(["debug", "info", "warn", "error"]),
  account: Schema.NullOr(Schema.String),
  shard: Schema.NullOr(Schema.Int),
  /** The state of the connection, where that is what changed. */
  state: Schema.NullOr(ConnectionStateTag),
  text: Schema.String
})

/** The figures of the last second. */
export const Measured = Schema.Struct({ _tag: Schema.Literal("Measured"), sample: Sample })

/** This reader was too slow: so many pieces were dropped for it. */
export const Missed = Schema.Struct({ _tag: Schema.Literal("Missed"), count: Schema.Int })

export const LiveEvent = Schema.Union([News, Measured, Missed]).annotate({ identifier: "LiveEvent" })
export type LiveEvent = typeof LiveEvent.Type
