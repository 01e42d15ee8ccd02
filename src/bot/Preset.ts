/**
 * Presets: settings that go together, under all others. `EVERBOT_PRESET=production` chooses one for a process; a program
 * chooses by Layer, and may change it field by field:
 *
 * ```ts
 * app.pipe(Bot.launch, Effect.provide(Preset.layer(Preset.change(Preset.production, { EVERBOT_LOG_LEVEL: "Debug" }))))
 * ```
 */
import { Layer } from "effect"
import type { Preset } from "../domain/Preset.ts"
import { CurrentPreset } from "../ports/Setting.ts"

export { development, type Preset, production, test, type Variable } from "../domain/Preset.ts"

/** Puts a preset under the settings of an app. `EVERBOT_PRESET` goes before it; `everbot config` sees only that one. */
export const layer = (preset: Preset): Layer.Layer<never> => Layer.succeed(CurrentPreset, preset)

/** The preset with these settings instead of its own. */
export const change = (preset: Preset, settings: Preset["settings"]): Preset => ({
  ...preset,
  settings: { ...preset.settings, ...settings }
})
