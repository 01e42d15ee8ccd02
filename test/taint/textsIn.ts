/** The texts in a value, however deep: also those that printing it would not show. */

/** A value with more parts than this is looked at no further. */
const mostParts = 20_000

/** Without calling anything: getters of the outside world may have effects. */
export const textsIn = (root: unknown): ReadonlyArray<string> => {
  const texts: Array<string> = []
  const seen = new Set<object>()
  const waiting: Array<unknown> = [root]
  for (let parts = 0; waiting.length > 0 && parts < mostParts; parts++) {
    const value = waiting.pop()
    if (typeof value === "string") texts.push(value)
    if (typeof value !== "object" || value === null || seen.has(value)) continue
    seen.add(value)
    if (ArrayBuffer.isView(value)) {
      texts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1"))
      continue
    }
    if (value instanceof Map) for (const entry of value) waiting.push(...entry)
    if (value instanceof Set) waiting.push(...value)
    // Our errors say themselves by a getter of their class.
    if (value instanceof Error) texts.push(value.message, value.stack ?? "")
    for (const name of Reflect.ownKeys(value)) {
      const part = Reflect.getOwnPropertyDescriptor(value, name)
      if (part === undefined || !("value" in part)) continue
      if (typeof name === "string") texts.push(name)
      waiting.push(part.value)
    }
  }
  return texts
}
