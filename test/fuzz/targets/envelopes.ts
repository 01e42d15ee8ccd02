/** Encrypted texts as a store gives them back: changed, cut, moved, of another version, under another key. */
import { Effect, Redacted, Result } from "effect"
import * as Envelope from "../../../src/stores/encryption/Envelope.ts"
import * as Keys from "../../../src/stores/encryption/Keys.ts"
import * as Bytes from "../Bytes.ts"
import type { Chance } from "../Chance.ts"
import { fieldsOf, type Input, textOf } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Target } from "../Target.ts"

const keys = Effect.runSync(Keys.parse(Redacted.make("00112233445566778899aabbccddeeff".repeat(2)), "keys"))
const here: Envelope.Place = { kind: "state", path: ["k"] }
const plain = JSON.stringify({ note: Secrets.clientSecret })
/** One for the life of the process: its nonce is random, so what is made of it is described, not kept. */
const whole = Envelope.seal(keys, here, plain)
const [magic, , , , data = ""] = whole.split(":")
const head = `${magic}:sealed:1:${keys.newest.id}:`

/** Inputs name what is done to a sealed text, so that a seed repeats them though no nonce does. */
const generate = (chance: Chance): Input => ({
  head: chance.oneIn(3) ? Bytes.damage(chance, head) : head,
  at: chance.next(),
  put: chance.oneIn(4) ? "" : chance.pick(["A", "_", "=", " ", ":", "\n", Bytes.noise(chance, 3), Json.text(chance)]),
  // What a state is called is no secret.
  place: chance.oneIn(4) ? Json.text(chance).replaceAll(Secrets.accessToken, "name") : "k"
})

const run = (input: Input): void => {
  const given = fieldsOf(input)
  const at = Math.floor(Number(given["at"] ?? 0) * data.length)
  const put = textOf(given["put"])
  const text = `${textOf(given["head"], head)}${data.slice(0, at)}${put}${data.slice(at + put.length)}`
  const place: Envelope.Place = { kind: "state", path: [textOf(given["place"], "k")] }
  const found = Envelope.read(keys, place, text, true)
  if (Result.isFailure(found)) return Oracle.typed("an envelope", found.failure, true)
  // The last character of base64 has bits to spare: two texts may stand for the same bytes.
  const bytes = (sealed: string) => Buffer.from(sealed.split(":")[4] ?? "", "base64url").toString("hex")
  const isSame = bytes(text) === bytes(whole) && place.path[0] === "k"
  Oracle.must("what opens is whole", isSame, () => "a changed text was opened")
  Oracle.must("what opens is whole", found.success === plain, () => "another text came out")
}

export const envelopes: Target = {
  name: "envelopes",
  about: "encrypted texts of a store",
  share: 20,
  renew: 1_000_000,
  generate,
  open: async () => ({ run, close: async () => {} })
}
