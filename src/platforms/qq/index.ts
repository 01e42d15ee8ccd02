/**
 * `everbot/qq`: QQ bots. `layerConfig` runs the account that the environment names, `layer` one of your own.
 *
 * ```ts
 * Layer.mergeAll(Echo, Qq.layerConfig).pipe(Bot.launch, Effect.provide(Sqlite.layer({ filename: "bot.db" })))
 * ```
 */
export * as Qq from "./Qq.ts"
