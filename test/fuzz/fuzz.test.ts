/** A short campaign with a seed of its own each time, and proof that the fuzzer can fail. */
import { randomInt } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Chance } from "./Chance.ts"
import * as Corpus from "./Corpus.ts"
import * as Fleet from "./Fleet.ts"
import { sizeOf } from "./Input.ts"
import * as Json from "./Json.ts"
import { inputOf, report } from "./Runner.ts"
import * as Secrets from "./Secrets.ts"
import { shrink } from "./Shrink.ts"
import { targets } from "./targets/index.ts"

const seed = process.env["SEED"] ?? String(randomInt(2 ** 31))
const module = new URL("./planted/index.ts", import.meta.url).href
const find = (name: string, inputs: number, more: Partial<Fleet.Campaign> = {}) =>
  Fleet.run({ inputs, seed: "planted", only: [name], threads: 1, module, ...more })

describe("whatever comes from outside", () => {
  it(`breaks nothing (SEED=${seed}), and what once did does not any more`, async () => {
    const { failures, heap, inputs } = await Fleet.run({ inputs: 5000, seed })
    assert.strictEqual(failures.map(report).join("\n\n"), "")
    assert.strictEqual(inputs, 5000 + Corpus.load().length)
    assert.isBelow(heap.late - heap.early, 60, "megabytes that stayed")
    // Seconds; on a machine that has much else to do it may be minutes.
  }, 240_000)
})

describe("the fuzzer finds", () => {
  it("a decoder that throws, and shows the input made small, the seed and the command", async () => {
    const { failures } = await find("throws", 5000)
    const [failure] = failures
    assert(failure !== undefined)
    assert.deepInclude(failure, { target: "throws", rule: "no crash", seed: "planted" })
    assert.isBelow(sizeOf(failure.input), 60)
    const text = report(failure)
    assert.include(text, "TypeError: planted")
    assert.include(text, JSON.stringify(failure.input))
    assert.include(text, `npm run fuzz -- --only throws --seed planted --at ${failure.index}`)
    // The same input alone fails in the same way.
    const again = await find("throws", 0, { at: failure.index })
    assert.deepStrictEqual(again.failures[0]?.input, failure.input)
  })

  it("a promise that nobody caught", async () => {
    const { failures } = await find("rejects", 5000)
    assert.strictEqual(failures[0]?.rule, "no stray errors")
  })

  it("a thread that stands still, and goes on without it", async () => {
    const { failures } = await find("hangs", 5000, { patience: 3000 })
    assert.strictEqual(failures[0]?.rule, "no hang")
    assert.include(JSON.stringify(failures[0]?.input), "\u202e")
  })

  it("a pattern that takes longer than its input is worth", async () => {
    const { failures } = await find("crawls", 200)
    assert.strictEqual(failures[0]?.rule, "time")
  })

  it("a token in what is said, also a part of one", async () => {
    const { failures } = await find("leaks", 5000)
    assert.strictEqual(failures[0]?.rule, "secrets")
  })

  it("memory that is never given back", async () => {
    const { failures } = await find("hoards", 5000, { memory: 128 })
    assert.strictEqual(failures[0]?.rule, "no crash")
    assert.include(failures[0]?.detail ?? "", "memory")
  })
})

describe("the fuzzer", () => {
  it("makes the same inputs from the same seed, and others from another", () => {
    for (const target of targets) {
      const inputs = (from: string) => JSON.stringify(Array.from({ length: 20 }, (_, n) => inputOf(target, from, n)))
      assert.strictEqual(inputs("a"), inputs("a"), target.name)
      assert.notStrictEqual(inputs("a"), inputs("b"), target.name)
    }
  })

  it("writes JSON that JSON.parse reads, in most cases, with a key twice and a key that is __proto__", () => {
    let read = 0
    let twice = 0
    let proto = 0
    for (let n = 0; n < 2000; n++) {
      const text = Json.write(Json.mutate(new Chance("json", n), { id: "1", author: { id: "2" } }))
      if (/("\w+"):.*\1:/.test(text)) twice++
      if (text.includes("__proto__")) proto++
      try {
        JSON.parse(text)
        read++
      } catch {
        // What is no JSON is meant to be none: NaN, 01.
      }
    }
    assert.isAbove(read, 1600)
    assert.isBelow(read, 2000)
    assert.isAbove(twice, 20)
    assert.isAbove(proto, 20)
  })

  it("shrinks any input to what matters", async () => {
    const input = { frames: ["hello", `xx${"y".repeat(500)}BAD${"z".repeat(500)}`, 7, [null]], close: [1, "a"] }
    const small = await shrink(input, async (it) => JSON.stringify(it).includes("BAD"), { tries: 5000, millis: 10_000 })
    assert.deepStrictEqual(small, { frames: ["BAD"] })
  })

  it("knows a secret by its parts, and a part that nobody could have hidden", () => {
    assert.isDefined(Secrets.leakIn(`x${Secrets.accessToken.slice(3, 20)}y`))
    assert.isUndefined(Secrets.leakIn("Tk8ACC"))
    assert.isTrue(Secrets.isTorn(`"${Secrets.accessToken.slice(0, 15)}"`))
    assert.isFalse(Secrets.isTorn(`"${Secrets.accessToken}"`))
  })

  it("keeps a corpus whose targets all exist", () => {
    const names = targets.map(({ name }) => name)
    for (const { target, why } of Corpus.load()) {
      assert.include(names, target)
      assert.match(why, /^[a-z ]+: /)
    }
  })
})
