/**
 * An input of the fuzzer is a JSON value, whatever the target: it can be written to a file, shrunk without knowing
 * what it is for, and made again. Bytes are texts with one character for each byte.
 */
export type Input = null | boolean | number | string | ReadonlyArray<Input> | { readonly [key: string]: Input }

export const toBytes = (text: string): Buffer => Buffer.from(text, "latin1")
export const fromBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")
/** The bytes of a text on the wire. */
export const encoded = (text: string): string => fromBytes(Buffer.from(text, "utf8"))

/** Fields of an input; shrinking may have taken any of them. */
export const fieldsOf = (input: Input): { readonly [key: string]: Input } =>
  typeof input === "object" && input !== null && !Array.isArray(input)
    ? (input as { readonly [key: string]: Input })
    : {}
export const textOf = (input: Input | undefined, otherwise = ""): string =>
  typeof input === "string" ? input : otherwise
export const numberOf = (input: Input | undefined, otherwise: number): number =>
  typeof input === "number" && Number.isFinite(input) ? input : otherwise
export const listOf = (input: Input | undefined): ReadonlyArray<Input> => (Array.isArray(input) ? input : [])
export const textsOf = (input: Input | undefined): ReadonlyArray<string> =>
  listOf(input).filter((it) => typeof it === "string")

/** Characters in it, roughly: what the time it takes is held against. */
export const sizeOf = (input: Input | undefined): number => {
  if (typeof input === "string") return input.length
  if (typeof input !== "object" || input === null) return 1
  let size = 1
  for (const part of Object.values(input)) size += sizeOf(part)
  return size
}
