#!/usr/bin/env node
/** `everbot`: what an operator does with a bot's database and its settings. Exits with 1, and says why, when it could not be done. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import * as Console from "effect/Console"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import { ConfigError } from "../domain/ConfigError.ts"
import { StoreError } from "../domain/StoreError.ts"
import { config } from "./config/Config.ts"
import { backup, backups, check, restore } from "./data/Backups.ts"
import { history } from "./data/History.ts"

const command = Command.make("everbot").pipe(
  Command.withDescription("Backups of a bot's database, a look into it, and at the bot's settings"),
  Command.withSubcommands([backup, backups, check, restore, history, config])
)

/** What says itself what to do needs no stack. */
const told = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.tapError(program, (error) => {
    process.exitCode = 1
    return error instanceof StoreError || error instanceof ConfigError ? Console.error(error.message) : Effect.void
  })

const isTold = (error: unknown): boolean =>
  error instanceof StoreError || error instanceof ConfigError || CliError.isCliError(error)

const program = Command.run(command, { version: "0.1.0" }).pipe(told, Effect.provide(NodeServices.layer))

NodeRuntime.runMain(
  Effect.catch(program, (error) => (isTold(error) ? Effect.void : Effect.fail(error))),
  { teardown: (exit, done) => done(exit._tag === "Failure" ? 1 : Number(process.exitCode ?? 0)) }
)
