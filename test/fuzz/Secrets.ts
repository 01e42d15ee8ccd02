/** Secrets that are easy to recognise, whole or in part; and the search for them in whatever was said. */
import { inspect } from "node:util"

export const clientSecret = "Zq7SECRETk3vW9xNEVERp2RPRINTm5hT"
export const accessToken = "Tk8ACCESSq4wB6yNOWHEREd1LSAIDc0jU"
/** In an address, where a proxy's password may stand. */
export const password = "Pw5PASSWORDx9fG3zADDRESSb7"

export const all: ReadonlyArray<string> = [clientSecret, accessToken, password]

/** A leak is a leak when it is cut: any part of ten characters counts. */
const parts = all.flatMap((secret) =>
  Array.from({ length: Math.floor((secret.length - 10) / 3) + 1 }, (_, i) => secret.slice(3 * i, 3 * i + 10))
)

/** What of a secret a text holds, if any. */
export const leakIn = (text: string): string | undefined => parts.find((part) => text.includes(part))

/** Whether an input holds a part of a secret without the whole: a peer that says only that much cannot be held to it. */
export const isTorn = (input: string): boolean =>
  leakIn(all.reduce((text, secret) => text.replaceAll(secret, ""), input)) !== undefined

/** Everything that can be read off a value. */
export const dump = (value: unknown): string =>
  inspect(value, { depth: 8, showHidden: true, maxArrayLength: 200, maxStringLength: 20_000 })
