/** The READMEs tell the truth: their bot compiles, their links lead somewhere, and the two say the same. */
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const english = readFileSync(at("README.md"), "utf8")
const chinese = readFileSync(at("README.zh-CN.md"), "utf8")

const blocks = (text: string, language: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g")), ([, body = ""]) => body)

const links = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/\]\(([^)]+)\)/g), ([, target = ""]) => target).filter((target) => !target.includes("://"))

describe("the READMEs", () => {
  it("show a bot that compiles, in both languages", () => {
    const bot = readFileSync(at("test/docs/first-bot.ts"), "utf8")
    assert.strictEqual(blocks(english, "ts")[0], bot)
    assert.strictEqual(blocks(chinese, "ts")[0], bot)
  })

  it("link only to files that exist", () => {
    const dead = [...links(english), ...links(chinese)].filter((target) => !existsSync(at(target)))
    assert.deepStrictEqual(dead, [])
  })

  it("name the same files, commands and settings in both languages", () => {
    const others = (text: string) => links(text).filter((target) => !target.startsWith("README"))
    const words = (text: string) => Array.from(new Set(text.match(/`[A-Z]{2,}_[A-Z_]+`/g))).sort()
    assert.deepStrictEqual(others(chinese), others(english))
    assert.deepStrictEqual(blocks(chinese, "sh"), blocks(english, "sh"))
    assert.deepStrictEqual(words(chinese), words(english))
  })

  it("name only scripts that exist", () => {
    const { scripts } = JSON.parse(readFileSync(at("package.json"), "utf8")) as { scripts: Record<string, string> }
    const named = Array.from(english.matchAll(/npm run (\w+)/g), ([, name = ""]) => name)
    assert.isNotEmpty(named)
    for (const name of named) assert.property(scripts, name)
  })
})
