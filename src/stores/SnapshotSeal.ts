/**
 * How a snapshot is written down: a line with a checksum over all that follows, a line that says what it is, the body.
 *
 * ```
 * everbot-snapshot 1 <sha-256, hex>
 * {"name":"bot","generation":7,"savedAt":1700000000000}
 * <body>
 * ```
 * Plain functions over bytes; they never throw.
 */
import { Buffer } from "node:buffer"
import { createHash } from "node:crypto"
import { Result } from "effect"
import { oneLine } from "../domain/Line.ts"
import { StoreError, Unusable } from "../domain/StoreError.ts"
import type { Listed, Snapshot } from "../ports/SnapshotStore.ts"

const magic = "everbot-snapshot 1 "

const checksum = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** The bytes to store. */
export const seal = (name: string, { generation, savedAt, body }: Snapshot): Uint8Array => {
  const content = Buffer.from(`${JSON.stringify({ name, generation, savedAt })}\n${body}`)
  return Buffer.concat([Buffer.from(`${magic}${checksum(content)}\n`), content])
}

/** The snapshot in the bytes, or in one sentence why they cannot be trusted. */
export const unseal = (name: string, generation: number, bytes: Uint8Array): Result.Result<Snapshot, string> => {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headEnd = file.indexOf(0x0a)
  const head = file.toString("latin1", 0, Math.max(headEnd, 0))
  if (!head.startsWith(magic)) return Result.fail("it does not begin as a snapshot does")
  const content = file.subarray(headEnd + 1)
  if (checksum(content) !== head.slice(magic.length)) return Result.fail("its checksum does not match its content")
  const bodyStart = content.indexOf(0x0a) + 1
  const facts = factsIn(content.toString("utf8", 0, bodyStart))
  // The checksum is good, so another program wrote it, or another version.
  if (facts === undefined) return Result.fail("it does not say which generation of what it is")
  if (facts.name !== name || facts.generation !== generation) {
    return Result.fail(`it is generation ${facts.generation} of ${oneLine(facts.name, 100)}: somebody renamed it`)
  }
  return Result.succeed({ generation, savedAt: facts.savedAt, body: content.toString("utf8", bodyStart) })
}

interface Facts {
  readonly name: string
  readonly generation: number
  readonly savedAt: number
}

const factsIn = (text: string): Facts | undefined => {
  let facts: Partial<Record<keyof Facts, unknown>>
  try {
    facts = { ...JSON.parse(text) }
  } catch {
    return undefined
  }
  const { generation, name, savedAt } = facts
  const isWhole = typeof name === "string" && Number.isSafeInteger(generation) && Number.isFinite(savedAt)
  return isWhole ? { name, generation: Number(generation), savedAt: Number(savedAt) } : undefined
}

/** Names become parts of file names, so they are held short and plain. */
export const checkName = (operation: string, name: string): StoreError | undefined =>
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)
    ? undefined
    : new StoreError({
        operation,
        reason: new Unusable({
          detail: "the name of a snapshot has 1 to 100 letters, digits, dots, dashes and underscores, no dot first"
        })
      })

/** Generations by their names, in the order they come. */
export const byName = (
  rows: ReadonlyArray<{ readonly name: string; readonly generation: number }>
): ReadonlyArray<Listed> => {
  const names = new Map<string, Array<number>>()
  for (const { name, generation } of rows) {
    const generations = names.get(name)
    if (generations === undefined) names.set(name, [generation])
    else generations.push(generation)
  }
  return Array.from(names, ([name, generations]) => ({ name, generations }))
}

/** How many generations are kept unless told otherwise. */
export const defaultGenerations = 5
