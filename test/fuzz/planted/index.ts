/** Targets with a bug in each, planted to prove that the fuzzer finds it: what it cannot find it does not look for. */
import type { Event } from "../../../src/domain/Event.ts"
import { decodeRaw } from "../../../src/platforms/qq/Decode.ts"
import { type Input, textOf, toBytes } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Target } from "../Target.ts"
import { aFrame } from "../targets/frames.ts"

const plant = (name: string, run: (input: Input) => Promise<void> | void, more: Partial<Target> = {}): Target => ({
  name,
  about: "planted",
  share: 1,
  renew: 1000,
  generate: aFrame,
  open: async () => ({ run, close: async () => {} }),
  ...more
})

const eventIn = (input: Input): Event => decodeRaw("qq:1", toBytes(textOf(input)))
const text = { generate: Json.text } satisfies Partial<Target>
const held: Array<unknown> = []

export const targets: ReadonlyArray<Target> = [
  // Takes what people write for what it expects: a decoder that knows no event without a type of its own.
  plant("throws", (input) => {
    const event = eventIn(input)
    if (event._tag === "PlatformEvent" && event.isKnown && event.data === null) throw new TypeError("planted")
  }),
  plant("rejects", (input) => {
    if (eventIn(input)._tag === "MessageDeleted") void Promise.reject(new Error("planted"))
    return new Promise((resolve) => setImmediate(resolve))
  }),
  plant(
    "hangs",
    (input) => {
      while (textOf(input).includes("\u202e"));
    },
    text
  ),
  // A pattern that tries every way to cut a run of spaces in two.
  plant("crawls", (input) => void /(\s+)+$/.test(`${textOf(input)}x`), {
    generate: (chance) => " ".repeat(chance.below(24)),
    patience: 20
  }),
  plant(
    "leaks",
    (input) => Oracle.secretless("an error", textOf(input).slice(0, 200).replaceAll(Secrets.accessToken, "")),
    text
  ),
  plant("hoards", (input) => void held.push(Array.from({ length: 300_000 }, () => ({ input }))), text)
]
