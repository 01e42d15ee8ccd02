/** A saved snapshot as bytes: damaged, or whole and yet not what we wrote. */
import { createHash } from "node:crypto"
import { Result } from "effect"
import { seal, unseal } from "../../../src/stores/SnapshotSeal.ts"
import * as Bytes from "../Bytes.ts"
import type { Chance } from "../Chance.ts"
import { fieldsOf, fromBytes, type Input, textOf, toBytes } from "../Input.ts"
import * as Json from "../Json.ts"
import * as Oracle from "../Oracle.ts"
import * as Secrets from "../Secrets.ts"
import type { Target } from "../Target.ts"

/** A state worth keeping to oneself. */
export const body = JSON.stringify({ version: 1, value: { count: 3, note: Secrets.clientSecret, when: "2026-11-02" } })
const whole = fromBytes(seal("bot", { generation: 7, savedAt: 1_793_581_038_000, body }))
const magic = "everbot-snapshot 1 "

/** The bytes under a checksum that fits, as another program, or another version, might leave them. */
export const sealed = (content: string): string =>
  `${magic}${createHash("sha256").update(toBytes(content)).digest("hex")}\n${content}`

/** What stands after the checksum, changed. */
export const content = (chance: Chance): string => {
  const facts = { name: "bot", generation: 7, savedAt: 1 }
  const head = chance.oneIn(3) ? Bytes.damage(chance, JSON.stringify(facts)) : Json.write(Json.mutate(chance, facts))
  // The state is what must not be said; what a snapshot is called may be.
  return Buffer.from(
    `${head.replaceAll(Secrets.accessToken, "name")}\n${chance.oneIn(2) ? body : Json.write(Json.mutate(chance, JSON.parse(body)))}`
  ).toString("latin1")
}

const generate = (chance: Chance): Input =>
  chance.oneIn(2) ? { bytes: Bytes.damage(chance, whole) } : { content: content(chance) }

const run = (input: Input): void => {
  const given = fieldsOf(input)
  const bytes = given["content"] === undefined ? textOf(given["bytes"]) : sealed(textOf(given["content"]))
  const found = unseal("bot", 7, toBytes(bytes))
  if (Result.isFailure(found)) return Oracle.sayable("why a snapshot is damaged", found.failure)
  const { generation, savedAt } = found.success
  Oracle.must("snapshots are whole", generation === 7 && Number.isFinite(savedAt), () => `saved at ${savedAt}`)
  Oracle.must("damage is noticed", given["content"] !== undefined || bytes === whole, () => "damaged bytes were taken")
}

export const seals: Target = {
  name: "seals",
  about: "the bytes of saved snapshots",
  share: 120,
  renew: 1_000_000,
  generate,
  open: async () => ({ run, close: async () => {} })
}
