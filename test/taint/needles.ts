/**
 * What gives a secret away: the texts that all recognisable secrets hold, as they are and in the encodings they could
 * travel in. URL and JSON encodings leave them as they are, because they are made of letters and digits.
 */
import { tokenPrefix } from "../../src/simulator/qq/Tokens.ts"
import { marker, qqClientSecret } from "../fixtures/secrets.ts"

export type Kind = "a secret of the tests" | "a token of the simulator" | "the client secret"

interface Needle {
  readonly kind: Kind
  readonly encoding: string
  readonly text: string
}

/** The part of the base64 that is the same wherever in a longer text the secret stands: one for each alignment. */
const base64 = (text: string): ReadonlyArray<string> =>
  [0, 1, 2].map((shift) => {
    const whole = Buffer.from("\0".repeat(shift) + text).toString("base64")
    const last = Math.floor(((shift + text.length) * 8) / 6)
    return whole.slice(Math.ceil((shift * 8) / 6), last)
  })

const url = (text: string) => text.replaceAll("+", "-").replaceAll("/", "_")

const needlesOf = (kind: Kind, text: string): ReadonlyArray<Needle> => {
  const bytes = Buffer.from(text)
  const hex = bytes.toString("hex")
  const forms: ReadonlyArray<readonly [string, string]> = [
    ["plain", text],
    ...base64(text).flatMap((form) => [["base64", form] as const, ["base64url", url(form)] as const]),
    ["hex", hex],
    ["hex", hex.toUpperCase()],
    // As Node prints a buffer, and as JSON holds one.
    ["bytes", hex.replace(/..(?!$)/g, "$& ")],
    ["bytes", [...bytes].join(",")],
    ["UTF-16", [...text].join("\0")]
  ]
  return Array.from(new Map(forms.map(([encoding, form]) => [form, { kind, encoding, text: form }])).values())
}

export const needles: ReadonlyArray<Needle> = [
  ...needlesOf("a secret of the tests", marker),
  ...needlesOf("a token of the simulator", tokenPrefix),
  ...needlesOf("the client secret", qqClientSecret)
]

export interface Match {
  readonly kind: Kind
  readonly encoding: string
  /** What stands around it, with every secret masked. */
  readonly excerpt: string
}

/** One match for each needle that is there. */
export const find = (content: string | Uint8Array): ReadonlyArray<Match> => {
  const bytes =
    typeof content === "string" ? undefined : Buffer.from(content.buffer, content.byteOffset, content.length)
  return needles.flatMap(({ encoding, kind, text }) => {
    const at = bytes === undefined ? content.indexOf(text as never) : bytes.indexOf(text, 0, "latin1")
    if (at < 0) return []
    const around =
      bytes?.toString("latin1", Math.max(0, at - 60), at + 260) ?? String(content).slice(Math.max(0, at - 60), at + 260)
    return [{ kind, encoding, excerpt: mask(around) }]
  })
}

/** The text with every secret, and whatever is attached to it, taken out. */
export const mask = (text: string): string => {
  let masked = text
  for (const needle of needles) {
    for (let at = masked.indexOf(needle.text); at >= 0; at = masked.indexOf(needle.text)) {
      const tail = /^[\w+/=-]*/.exec(masked.slice(at + needle.text.length))?.[0].length ?? 0
      masked = `${masked.slice(0, at)}‹hidden›${masked.slice(at + needle.text.length + tail)}`
    }
  }
  // What stands before it may be the rest of the same encoded text.
  return masked
    .replace(/[\w+/=-]{12,}(?=‹hidden›)/g, "‹hidden›")
    .replace(/[^\x20-\x7e‹›]/g, "·")
    .slice(0, 160)
}
