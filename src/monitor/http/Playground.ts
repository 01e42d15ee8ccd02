/**
 * A bot on a simulated platform can be talked to and hurt from its dashboard. The demo passes these controls in; a bot in
 * production has none, and then these routes do not exist.
 */
import { Effect, Layer, Schema } from "effect"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { Authorization } from "./Api.ts"
import { NotFound } from "./Refusals.ts"

const Line = Schema.Struct({
  /** Counts the lines of all chats, from 1. */
  id: Schema.Int,
  at: Schema.Number,
  from: Schema.Literals(["you", "bot"]),
  text: Schema.String
})
export type Line = typeof Line.Type

const Verdict = Schema.Struct({
  said: Schema.Int,
  answered: Schema.Int,
  lost: Schema.Int,
  duplicated: Schema.Int,
  outOfOrder: Schema.Int
})

/** A way to break the platform. */
const Fault = Schema.Struct({ name: Schema.String, title: Schema.String })

/** What the dashboard can do to a simulated platform. */
export interface Controls {
  readonly faults: ReadonlyArray<typeof Fault.Type>
  /** Breaks it now; false when there is no such fault. */
  readonly inject: (name: string) => Effect.Effect<boolean>
  /** A person says something to the bot. */
  readonly say: (text: string) => Effect.Effect<void>
  /** What was said in that person's chat after this line. */
  readonly lines: (after: number) => ReadonlyArray<Line>
  /** The platform's own books. */
  readonly verdict: () => typeof Verdict.Type
}

class PlaygroundGroup extends HttpApiGroup.make("playground")
  .add(
    HttpApiEndpoint.get("look", "/api/playground", {
      query: {
        after: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)).pipe(Schema.withDecodingDefaultKey(Effect.succeed(0)))
      },
      success: Schema.Struct({ faults: Schema.Array(Fault), lines: Schema.Array(Line), verdict: Verdict })
    }),
    HttpApiEndpoint.post("say", "/api/playground/say", {
      payload: Schema.Struct({ text: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(500)) }),
      success: HttpApiSchema.NoContent
    }),
    HttpApiEndpoint.post("fault", "/api/playground/fault", {
      payload: Schema.Struct({ name: Schema.String }),
      success: HttpApiSchema.NoContent,
      error: NotFound
    })
  )
  .middleware(Authorization) {}

class PlaygroundApi extends HttpApi.make("playground").add(PlaygroundGroup) {}

export const layer = (controls: Controls) =>
  HttpApiBuilder.layer(PlaygroundApi).pipe(
    Layer.provide(
      HttpApiBuilder.group(PlaygroundApi, "playground", (handlers) =>
        handlers.handleAll({
          look: ({ query }) =>
            Effect.sync(() => ({
              faults: controls.faults,
              lines: controls.lines(query.after),
              verdict: controls.verdict()
            })),
          say: ({ payload }) => controls.say(payload.text),
          fault: ({ payload }) =>
            Effect.flatMap(controls.inject(payload.name), (isKnown) =>
              isKnown ? Effect.void : Effect.fail(new NotFound({ message: `There is no fault ${payload.name}.` }))
            )
        })
      )
    )
  )
