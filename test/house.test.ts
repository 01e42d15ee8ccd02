/** The house rules that a machine can hold us to: which room may import which, and what no source file contains. */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"

const root = fileURLToPath(new URL("..", import.meta.url))
const src = join(root, "src")

const sources = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path: path.replaceAll("\\", "/"), text: readFileSync(join(src, path), "utf8") }))

/** What each room may import besides itself. Rooms that are not listed are for the outside: they may import all. */
const allowed: Readonly<Record<string, ReadonlyArray<string>>> = {
  domain: [],
  ports: ["domain"],
  engines: ["domain", "ports"],
  transports: ["domain", "ports"],
  stores: ["domain", "ports"],
  platforms: ["domain", "ports", "engines", "transports"],
  monitor: ["domain", "ports", "engines", "transports"],
  bot: ["domain", "ports", "engines", "monitor"]
}

const room = (path: string): string => (path.includes("/") ? (path.split("/")[0] ?? "") : path)

const importsOf = (path: string, text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g), ([, target = ""]) =>
    relative(src, resolve(src, dirname(path), target)).replaceAll("\\", "/")
  )

describe("the house", () => {
  it("imports flow one way: domain, ports, engines, platforms", () => {
    const wrong = sources.flatMap(({ path, text }) => {
      const rooms = allowed[room(path)]
      return importsOf(path, text)
        .filter((target) => rooms !== undefined && room(target) !== room(path) && !rooms.includes(room(target)))
        .map((target) => `${path} imports ${target}`)
    })
    assert.deepStrictEqual(wrong, [])
  })

  it("a platform never imports a sibling", () => {
    const wrong = sources.flatMap(({ path, text }) =>
      importsOf(path, text)
        .filter((target) => path.startsWith("platforms/") && target.startsWith("platforms/"))
        .filter((target) => path.split("/")[1] !== target.split("/")[1])
        .map((target) => `${path} imports ${target}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("the simulator knows platforms by their protocol only", () => {
    const wrong = sources.flatMap(({ path, text }) =>
      importsOf(path, text)
        .filter((target) => path.startsWith("simulator/") && !target.startsWith("simulator/"))
        .filter((target) => !/^platforms\/[^/]+\/Protocol\.ts$/.test(target))
        .map((target) => `${path} imports ${target}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("the threads of the stores load no Effect, so that they start in a twentieth of a second", () => {
    const texts = new Map(sources.map(({ path, text }) => [path, text]))
    const loaded = new Map<string, string>()
    const load = (path: string, by: string): void => {
      if (loaded.has(path)) return
      loaded.set(path, by)
      const values = /^(?:import|export)\s+(?!type\b)(?:[^"]*?\sfrom\s+)?"([^"]+)"/gm
      for (const [, target = ""] of texts.get(path)?.matchAll(values) ?? []) {
        const isOurs = target.startsWith(".")
        load(isOurs ? join(dirname(path), target).replaceAll("\\", "/") : target, path)
      }
    }
    for (const thread of ["stores/sqlite/worker.ts", "stores/sidecar/worker.ts"]) load(thread, "")
    assert.isAbove(loaded.size, 20)
    const foreign = Array.from(loaded).filter(([path]) => !path.startsWith("node:") && !texts.has(path))
    assert.deepStrictEqual(
      foreign.map(([path, by]) => `${by} imports ${path}`),
      []
    )
  })

  it("time, chance and output go through Effect", () => {
    const forbidden = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetInterval\(|\bconsole\.(log|error|warn)\(/
    // The command line writes to the terminal; the dashboard runs in a browser, and Answers in the thread that owns the
    // database: no Effect runs there.
    const exempt = ["cli/", "monitor/dashboard/", "stores/sqlite/Answers.ts"]
    const wrong = sources.filter(
      ({ path, text }) => !exempt.some((room) => path.startsWith(room)) && forbidden.test(text)
    )
    assert.deepStrictEqual(
      wrong.map(({ path }) => path),
      []
    )
  })

  it("no type lies and nothing is left for later", () => {
    const forbidden = /\bas any\b|: any\b|<any>|as unknown as|@ts-(ignore|expect-error|nocheck)|\b(TODO|FIXME|XXX)\b/
    const wrong = sources.filter(({ text }) => forbidden.test(text))
    assert.deepStrictEqual(
      wrong.map(({ path }) => path),
      []
    )
  })

  it("files stay small enough to be read in one go", () => {
    const long = sources
      .map(({ path, text }) => ({ path, lines: text.split("\n").length }))
      .filter(({ lines }) => lines > 350)
    assert.deepStrictEqual(long, [])
  })
})
