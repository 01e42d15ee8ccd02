/** The pages that are made from the code are as the code is. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { table } from "../../src/monitor/metrics/Table.ts"
import * as metrics from "./metrics.ts"
import * as settings from "./settings.ts"

describe("the pages of metrics and settings", () => {
  for (const { file, render } of [metrics, settings]) {
    it(`${file.split("/").at(-1)} is what the code says today: \`npm run docs\` makes it anew`, () => {
      assert.strictEqual(readFileSync(file, "utf8"), render())
    })
  }

  it("name metrics that are well named: each once, counters by `_total`, dimensions by their unit", () => {
    assert.strictEqual(new Set(table.map(({ name }) => name)).size, table.length)
    const suffixes: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes", "1": "_ratio" }
    for (const { name, type, unit } of table) {
      assert.match(name, /^everbot_[a-z]+(_[a-z]+)*$/)
      assert.strictEqual(name.endsWith("_total"), type === "counter", name)
      const suffix = suffixes[unit]
      if (suffix !== undefined) assert.isTrue(name.endsWith(suffix), name)
      else assert.match(unit, /^\{[a-z]+\}(\/s)?$/, name)
    }
  })
})
