/** Peers that explain themselves repeat what we told them, and we told them secrets. */
import { Redacted } from "effect"

/** So much of a secret at the end of a text is no accident. */
const telling = 6

/**
 * The text without the secrets in it. Peers cut their words (the reason of a close has 123 bytes, a body its length), so
 * the beginning of a secret at the very end goes too. Call it before you cut the text yourself.
 */
export const unsaid = (text: string, secrets: Iterable<Redacted.Redacted<string>>): string => {
  let kept = text
  for (const secret of secrets) {
    const value = Redacted.value(secret)
    if (value === "") continue
    kept = kept.replaceAll(value, "<secret>")
    for (let length = value.length - 1; length >= telling; length--) {
      if (kept.endsWith(value.slice(0, length))) kept = `${kept.slice(0, -length)}<secret>`
    }
  }
  return kept
}
