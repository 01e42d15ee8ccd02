/** `everbot config`: what a bot in this environment would be set to. */
import { Effect } from "effect"
import * as Console from "effect/Console"
import * as Command from "effect/cli/Command"
import { json } from "../data/flags.ts"
import { print } from "./Settings.ts"

export const config = Command.make(
  "config",
  { json },
  Effect.fnUntraced(function* ({ json }) {
    const isFine = yield* print(json, {}, Console.log)
    if (!isFine) process.exitCode = 1
  })
).pipe(
  Command.withDescription(
    "Show every setting: its value, where that comes from (environment, preset, default), what it means; no secrets"
  )
)
