/**
 * Text from outside, made fit for one line of a log. Peers put into their words what they like: line breaks that forge
 * a line of ours, escape sequences that a terminal obeys, marks that turn text around, a megabyte.
 */

/** Controls (C0, C1), line and paragraph separators, and the marks that change the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unfit = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }

const escaped = (character: string): string =>
  escapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/**
 * The text as one line: what a terminal would obey is written as an escape, and what is longer than `limit` characters
 * is cut; with its escapes it is at most twice as long.
 */
export const oneLine = (text: string, limit = 300): string => {
  const cut = text.length > limit ? text.slice(0, limit) : text
  const line = cut.replace(unfit, escaped)
  // An escape is up to six times as long as what it stands for, and a peer may send nothing else.
  const longest = Math.max(2 * limit, 6)
  return cut === text && line.length <= longest ? line : `${line.slice(0, longest)}…`
}
