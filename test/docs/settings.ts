/** Renders the page of the settings from the descriptions that they are read by. */
import { fileURLToPath } from "node:url"
import { groups } from "../../src/cli/config/Catalogue.ts"
import * as Presets from "../../src/domain/Preset.ts"
import type { Setting } from "../../src/ports/Setting.ts"

export const file = fileURLToPath(new URL("../../src/cli/config/SETTINGS.md", import.meta.url))

const code = (text: string | undefined): string => (text === undefined ? "" : `\`${text}\``)

const row = ({ about, fallback, isSecret, name }: Setting<unknown>): string => {
  const presets = Presets.all.map(({ settings }) => code(settings[name]))
  return `| ${[`${code(name)}${isSecret ? " (secret)" : ""}`, code(fallback), ...presets, about].join(" | ")} |`
}

export const render = (): string =>
  `${[
    "# Settings",
    "",
    "Made by `npm run docs` from the code; a test fails when it is stale. `npx everbot config` shows the values that hold in an",
    "environment, and where each comes from.",
    "",
    "What the environment says goes before what the code says (`Logs.layerConfigWith({ … })`), that before the preset, and",
    "that before the default. `EVERBOT_PRESET` names the preset; an empty cell is what a preset does not speak of.",
    ...groups.flatMap(({ readBy, settings, title }) => [
      "",
      `## ${title}`,
      "",
      `Read by ${readBy === "all of them" ? readBy : code(readBy)}.`,
      "",
      `| variable | default | ${Presets.all.map(({ name }) => name).join(" | ")} | meaning |`,
      `|---|---|${Presets.all.map(() => "---|").join("")}---|`,
      ...settings.map(row)
    ])
  ].join("\n")}\n`
