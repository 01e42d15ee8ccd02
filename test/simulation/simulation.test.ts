/** The short version of `npm run simulate`: some dozens of seeds, every deliberate bug, and that a seed repeats itself. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, describe, it } from "vitest"
import type { Mutant } from "./mutants.ts"
import { mutants } from "./mutants.ts"
import { isMutant, sabotaged, troubles } from "./sabotage.ts"

const program = fileURLToPath(new URL("./main.ts", import.meta.url))

interface Answer {
  readonly code: number
  readonly output: string
}

/** Processes of their own: the simulation changes the globals while it runs. */
const simulate = async (...args: ReadonlyArray<string>): Promise<Answer> => {
  const node = ["--disable-warning=ExperimentalWarning", program, ...args]
  // What is compiled of a copy with a bug in it nobody loads again.
  const env = args.includes("--mutants") ? { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" } : process.env
  return promisify(execFile)(process.execPath, node, { maxBuffer: 1 << 26, env }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    (error: { readonly code: number; readonly stdout: string; readonly stderr: string }) => ({
      code: error.code,
      output: error.stdout + error.stderr
    })
  )
}

describe("the simulation", () => {
  it("finds no promise broken in forty seeds", async () => {
    const { code, output } = await simulate("--seeds", "40", "--json")
    assert.strictEqual(code, 0, output)
    const figures = JSON.parse(output)
    assert.deepStrictEqual([figures.seeds, figures.violations], [40, 0])
    for (const figure of ["crashes", "faults", "messages", "virtualHours"]) assert.isAbove(figures[figure], 0, figure)
  }, 120_000)

  it("finds every deliberate bug", async () => {
    const { code, output } = await simulate("--mutants", "--known", "--cap", "60", "--json")
    assert.strictEqual(code, 0, output)
    const figures = JSON.parse(output)
    assert.deepStrictEqual([figures.found, figures.survivors], [Object.keys(mutants).length, []])
  }, 240_000)

  it("does the very same for the same seed, and something else for another", async () => {
    const [first, again, other] = await Promise.all([7, 7, 8].map((seed) => simulate("--seed", String(seed), "--json")))
    const hashOf = (answer: Answer | undefined) => JSON.parse(answer?.output ?? "").hash
    assert.strictEqual(hashOf(first), JSON.parse(first?.output ?? "").again)
    assert.strictEqual(hashOf(first), hashOf(again))
    assert.notStrictEqual(hashOf(first), hashOf(other))
  })

  it("tells of a broken promise the seed, the shortest script and how to see it again", async () => {
    const { code, output } = await simulate("--seed", "1", "--break", "commit-failed-turn")
    assert.strictEqual(code, 1)
    assert.match(output, /seed 1 breaks acts-once; of \d+ events these 1 are enough/)
    assert.include(output, "turn #4 skip 0")
    assert.include(output, "npm run simulate -- --seed 1 --break commit-failed-turn")
  })

  it("has a text to replace for every bug, in a file that is there", () => {
    assert.deepStrictEqual(troubles(Object.keys(mutants).filter(isMutant)), [])
  })

  it("names the file of a bug whose text is gone", () => {
    const gone: Mutant = { what: "", file: "engines/Gone.ts", find: "not here", replace: "" }
    assert.throws(
      () => sabotaged("gone", gone, "something else"),
      /mutant gone: .* not found in src\/engines\/Gone\.ts/
    )
  })

  it("says what is wrong with what it is asked", async () => {
    for (const args of [
      ["--seeds", "many"],
      ["--break", "nothing"],
      ["--sedes", "1"]
    ]) {
      const { code, output } = await simulate(...args)
      assert.strictEqual(code, 2, output)
      assert.include(output, "--help")
    }
  })
})
