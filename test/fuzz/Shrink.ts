/** Makes a failing input small: takes parts away, for as long as what is left fails in the same way. */
import type { Input } from "./Input.ts"

/** Smaller inputs, the boldest cuts first. */
export function* smaller(input: Input): Generator<Input> {
  if (typeof input === "string") yield* texts(input)
  else if (typeof input === "number") {
    for (const simple of [0, 1, Math.trunc(input), Math.trunc(input / 2)]) {
      if (Math.abs(simple) < Math.abs(input)) yield simple
    }
  } else if (Array.isArray(input)) yield* lists(input)
  else if (typeof input === "object" && input !== null) {
    const entries = Object.entries(input)
    for (const [key] of entries) yield fromEntries(entries.filter(([other]) => other !== key))
    for (const [key, value] of entries) {
      for (const less of smaller(value)) {
        yield fromEntries(entries.map(([k, v]): [string, Input] => (k === key ? [k, less] : [k, v])))
      }
    }
  }
}

/** Also for a key called `__proto__`. */
const fromEntries = (entries: ReadonlyArray<readonly [string, Input]>): Input => Object.fromEntries(entries)

function* texts(text: string): Generator<string> {
  for (let size = Math.ceil(text.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    // Each size at not too many places, or a long text would take for ever.
    const step = Math.max(size, Math.ceil(text.length / 64))
    for (let at = 0; at < text.length; at += step) yield text.slice(0, at) + text.slice(at + size)
  }
  if (text.length > 64) return
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "a") yield `${text.slice(0, at)}a${text.slice(at + 1)}`
  }
}

function* lists(list: ReadonlyArray<Input>): Generator<Input> {
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < list.length; at += size) yield [...list.slice(0, at), ...list.slice(at + size)]
  }
  for (let at = 0; at < list.length; at++) {
    for (const less of smaller(list[at] ?? null)) yield list.map((item, index) => (index === at ? less : item))
  }
}

/**
 * The smallest input found within so many tries.
 *
 * @param fails whether this input still fails in the same way
 */
export const shrink = async (
  input: Input,
  fails: (input: Input) => Promise<boolean>,
  limit: { readonly tries: number; readonly millis: number }
): Promise<Input> => {
  let best = input
  let tries = limit.tries
  const until = performance.now() + limit.millis
  for (let found = true; found; ) {
    found = false
    for (const candidate of smaller(best)) {
      if (tries-- <= 0 || performance.now() > until) return best
      if (!(await fails(candidate))) continue
      best = candidate
      found = true
      break
    }
  }
  return best
}
