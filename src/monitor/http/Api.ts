/**
 * The monitor's HTTP API, as a value: routes, shapes, refusals. The server implements it, the client is derived from
 * it, and OpenAPI documents it. Everything but `/livez` needs `Authorization: Bearer <token>`.
 */
import { Effect, Schema } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  HttpApiSecurity,
  OpenApi
} from "effect/http-api"
import * as Commands from "./Commands.ts"
import { LiveEvent } from "./EventSchema.ts"
import { Conflict, NotFound, TooManyAttempts, Unauthorized, Unavailable } from "./Refusals.ts"
import * as Schemas from "./Schemas.ts"

const says = (summary: string, description?: string) =>
  OpenApi.annotations(description === undefined ? { summary } : { summary, description })

/** Lets in who knows the token. */
export class Authorization extends HttpApiMiddleware.Service<Authorization>()("everbot/monitor/Authorization", {
  security: { bearer: HttpApiSecurity.bearer },
  error: [Unauthorized, TooManyAttempts],
  requiredForClient: true
}) {}

const Metrics = Schema.Array(
  Schema.Struct({
    name: Schema.String,
    type: Schema.Literals(["counter", "gauge"]),
    help: Schema.String,
    values: Schema.Array(Schema.Struct({ labels: Schema.Record(Schema.String, Schema.String), value: Schema.Number }))
  })
)

const page = {
  account: Schema.optionalKey(Schema.String),
  limit: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(50))
  ),
  offset: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0))
  )
}

/** For whatever keeps the process alive: says that it is, and needs no token. */
export class Probe extends HttpApiGroup.make("probe")
  .add(
    HttpApiEndpoint.get("livez", "/livez", {
      success: Schema.Struct({ status: Schema.Literal("alive") })
    }).annotateMerge(says("Is the process alive?", "Needs no token. That it answers is the answer."))
  )
  .annotateMerge(OpenApi.annotations({ title: "Probe" })) {}

/** What can be seen. */
export class Look extends HttpApiGroup.make("look")
  .add(
    HttpApiEndpoint.get("readyz", "/readyz", {
      success: [Schemas.Readiness, Schemas.Readiness.pipe(HttpApiSchema.status(503))]
    }).annotateMerge(says("Does the bot take events?", "503 until it has started and one account has a connection.")),
    HttpApiEndpoint.get("health", "/api/health", {
      success: [Schemas.Health, Schemas.Health.pipe(HttpApiSchema.status(503))]
    }).annotateMerge(says("How is the bot?", "The latest round of checks; 503 when something does not work.")),
    HttpApiEndpoint.get("status", "/api/status", { success: Schemas.Status }).annotateMerge(
      says("Accounts, process and latencies, now")
    ),
    HttpApiEndpoint.get("metrics", "/api/metrics", { success: Metrics }).annotateMerge(says("All figures, as JSON")),
    HttpApiEndpoint.get("prometheus", "/metrics", {
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4" }))
    }).annotateMerge(says("All figures, for Prometheus", "With the metrics of your own that Effect knows.")),
    HttpApiEndpoint.get("series", "/api/series", { success: Schema.Array(Schemas.Sample) }).annotateMerge(
      says("The figures of each second, over the last five minutes")
    ),
    HttpApiEndpoint.get("connections", "/api/connections", { success: Schema.Array(Schemas.Connection) }).annotateMerge(
      says("Each connection's state, since when, why, and how it got there")
    ),
    HttpApiEndpoint.get("recoveries", "/api/recoveries", { success: Schema.Array(Schemas.Recovery) }).annotateMerge(
      says("The latest outages, newest first, each with the rungs that were climbed")
    ),
    HttpApiEndpoint.get("gaps", "/api/gaps", {
      query: { account: Schema.optionalKey(Schema.String) },
      success: Schema.Array(Schemas.Gap),
      error: [NotFound, Unavailable]
    }).annotateMerge(says("What no replay covered, newest first: at most 1,000")),
    HttpApiEndpoint.get("restarts", "/api/restarts", { success: Schemas.Restarts }).annotateMerge(
      says("Why earlier processes ended, and how often the guard may still end this one")
    ),
    HttpApiEndpoint.get("alerts", "/api/alerts", { success: Schemas.Alerts }).annotateMerge(
      says("What the rules of `Alerts.layer` find wrong now, and what was told lately")
    ),
    HttpApiEndpoint.get("errors", "/api/errors", { success: Schemas.Errors }).annotateMerge(
      says("Errors by reason, their trend, and the latest")
    ),
    HttpApiEndpoint.get("events", "/api/events", {
      success: HttpApiSchema.StreamSse({ data: LiveEvent }),
      error: Unavailable
    }).annotateMerge(
      says(
        "Everything that changes, as it changes",
        "Server-sent events. Continues after `Last-Event-ID`. What a slow reader cannot take is dropped for it, and counted."
      )
    )
  )
  .middleware(Authorization)
  .annotateMerge(OpenApi.annotations({ title: "Look" })) {}

/** What waits, and what was given up on. */
export class MessageQueue extends HttpApiGroup.make("queue")
  .add(
    HttpApiEndpoint.get("counts", "/api/message-queue", {
      success: Schema.Array(Commands.Queue),
      error: Unavailable
    }).annotateMerge(says("Messages by state, and the age of the oldest, for each account")),
    HttpApiEndpoint.get("deadLetters", "/api/message-queue/dead-letters", {
      query: page,
      success: Commands.DeadLetterPage,
      error: [NotFound, Unavailable]
    }).annotateMerge(says("What was given up on, newest first")),
    HttpApiEndpoint.post("requeue", "/api/message-queue/dead-letters/:kind/:id/requeue", {
      params: { kind: Commands.DeadLetterKind, id: Schema.Int },
      success: HttpApiSchema.NoContent,
      error: [NotFound, Unavailable]
    }).annotateMerge(says("Give it another life", "A message of status `unknown` may then be said twice.")),
    HttpApiEndpoint.delete("discard", "/api/message-queue/dead-letters/:kind/:id", {
      params: { kind: Commands.DeadLetterKind, id: Schema.Int },
      success: HttpApiSchema.NoContent,
      error: [NotFound, Unavailable]
    }).annotateMerge(says("Let it go"))
  )
  .middleware(Authorization)
  .annotateMerge(OpenApi.annotations({ title: "Message queue" })) {}

/** What a person can do. Every call is kept in the audit trail and logged. */
export class Act extends HttpApiGroup.make("act")
  .add(
    HttpApiEndpoint.post("restart", "/api/restart", {
      payload: Commands.Restart,
      success: Commands.Operation.pipe(HttpApiSchema.status(202)),
      error: [NotFound, Conflict]
    }).annotateMerge(
      says("Restart an account, a shard or the process", "Answers at once with an operation to follow.")
    ),
    HttpApiEndpoint.get("operations", "/api/operations", { success: Schema.Array(Commands.Operation) }).annotateMerge(
      says("The latest operations, newest first")
    ),
    HttpApiEndpoint.get("operation", "/api/operations/:id", {
      params: { id: Schema.String },
      success: Commands.Operation,
      error: NotFound
    }).annotateMerge(says("How an operation stands")),
    HttpApiEndpoint.post("pause", "/api/accounts/:account/pause", {
      params: { account: Schema.String },
      payload: Schema.Struct({ reason: Commands.Reason }),
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotateMerge(
      says("Read nothing more for an account", "What is there is still handled and answered. Ends with the process.")
    ),
    HttpApiEndpoint.post("resume", "/api/accounts/:account/resume", {
      params: { account: Schema.String },
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotateMerge(says("Read on")),
    HttpApiEndpoint.get("holds", "/api/holds", { success: Schema.Array(Commands.Hold) }).annotateMerge(
      says("What a person has taken over, and how many events wait for its end")
    ),
    HttpApiEndpoint.post("hold", "/api/accounts/:account/hold", {
      params: { account: Schema.String },
      payload: Commands.PlaceHold,
      success: Commands.Hold,
      error: [NotFound, Conflict, Unavailable]
    }).annotateMerge(
      says(
        "Take over a conversation, or with `null` the whole account",
        "Nothing of it is handled and nothing is said there; what comes is stored and waits in order. It outlives the " +
          "process. What is held already stays as it is; 409 when 1,000 conversations of the account are."
      )
    ),
    HttpApiEndpoint.post("release", "/api/accounts/:account/release", {
      params: { account: Schema.String },
      payload: Commands.Release,
      success: HttpApiSchema.NoContent,
      error: [NotFound, Unavailable]
    }).annotateMerge(says("Give it back", "What waited is handled and said, in order. 404 when it is not held.")),
    HttpApiEndpoint.get("audit", "/api/audit", { success: Schema.Array(Commands.AuditEntry) }).annotateMerge(
      says("Who changed what, newest first")
    )
  )
  .middleware(Authorization)
  .annotateMerge(OpenApi.annotations({ title: "Act" })) {}

export class MonitorApi extends HttpApi.make("everbot")
  .add(Probe, Look, MessageQueue, Act)
  .annotateMerge(
    OpenApi.annotations({
      title: "everbot monitor",
      version: "1",
      description: "Health, figures and controls of a running everbot. Times are epoch milliseconds."
    })
  ) {}
