/** JSON texts as no one should send them: made up, or a real one of which something was changed. */
import type { Chance } from "./Chance.ts"
import * as Secrets from "./Secrets.ts"

/** A JSON value, or a text that is put into the JSON as it is: `1e400`, `NaN`, a million brackets. */
export class Verbatim {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
export type Value = null | boolean | number | string | Verbatim | Array<Value> | Map<string, Value>

/** A `Map`, so that a key called `__proto__`, and the same key twice, are keys like any other. */
export const fromJson = (json: unknown): Value => {
  if (Array.isArray(json)) return json.map(fromJson)
  if (typeof json === "object" && json !== null) {
    return new Map(
      Object.entries(json).flatMap(([key, value]) => (value === undefined ? [] : [[key, fromJson(value)]]))
    )
  }
  return json === null || typeof json === "string" || typeof json === "number" || typeof json === "boolean"
    ? json
    : null
}

export const write = (value: Value): string => {
  if (value instanceof Verbatim) return value.text
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`
  if (value instanceof Map) {
    return `{${Array.from(value, ([key, part]) => `${JSON.stringify(key.replace(/\0\d+$/, ""))}:${write(part)}`).join(",")}}`
  }
  return JSON.stringify(value)
}

const nest = (open: string, close: string, depth: number, inside = "0"): Verbatim =>
  new Verbatim(open.repeat(depth) + inside + close.repeat(depth))

/** Texts with a history. */
const texts: readonly [string, ...ReadonlyArray<string>] = [
  "",
  " ",
  "\u0000",
  "\n",
  "line\r\nINFO forged=true",
  "\u001b[2J\u001b[31mred\u001b]0;title\u0007",
  "\u009b31m",
  "\u202egnp.exe",
  "\u2028\u2029",
  "\ud800",
  "\udc00\ud800",
  "😀".repeat(20),
  "é".normalize("NFD").repeat(50),
  "İ",
  "ﬃ",
  "0",
  "-1",
  "NaN",
  "Infinity",
  "1e400",
  "true",
  "null",
  "undefined",
  "[object Object]",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "../../etc/passwd",
  "..",
  "%00%2e%2e%2f",
  "';DROP TABLE inbox;--",
  "%s%s%n",
  "<script>alert(1)</script>",
  "<@!1>",
  "<@!6158788878435714165> /ping",
  "&lt;&amp;&gt;",
  "99999999999999999999",
  "9007199254740993",
  "2026-11-02T09:15:04+08:00",
  "2026-11-02 09:15:04.123456789 +0800 CST m=+12.3",
  "-271821-04-20T00:00:00.000Z",
  "+275760-09-13T00:00:00.001Z",
  "READY",
  "RESUMED",
  "GROUP_AT_MESSAGE_CREATE",
  Secrets.accessToken,
  `QQBot ${Secrets.accessToken}`,
  // Where it stands, a text that is cut too early would be cut in the middle of it.
  `${"x".repeat(180)}${Secrets.accessToken}`,
  `${"x".repeat(285)}${Secrets.accessToken}`
]

const numbers: readonly [Value, ...ReadonlyArray<Value>] = [
  0,
  new Verbatim("-0"),
  -1,
  1.5,
  255,
  65_536,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  new Verbatim("9007199254740993"),
  new Verbatim("1e400"),
  new Verbatim("-1e400"),
  new Verbatim("1e-400"),
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  new Verbatim("9".repeat(400)),
  new Verbatim("NaN"),
  new Verbatim("01"),
  11244,
  304023,
  40054005,
  100016
]

const keys: readonly [string, ...ReadonlyArray<string>] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "valueOf",
  "toJSON",
  "then",
  "length",
  "_tag",
  "op",
  "d",
  "s",
  "t",
  "id",
  "author",
  "message",
  "code",
  "err_code",
  "",
  "\u0000"
]

export const text = (chance: Chance): string => {
  switch (chance.below(12)) {
    case 0:
      return chance.pick(texts).repeat(1 + chance.below(4))
    case 1:
      return String.fromCharCode(...chance.times(chance.below(12), () => chance.below(0x10000)))
    case 2:
      return String.fromCharCode(...chance.times(chance.below(40), () => 32 + chance.below(95)))
    case 3:
      return chance.pick(texts) + chance.pick(texts)
    case 4:
      // Large is rare, or there would be little else.
      return chance.oneIn(30) ? huge(chance) : "x".repeat(chance.below(300))
    default:
      return chance.pick(texts)
  }
}

/** What takes a careless pattern or a careless loop long. */
export const huge = (chance: Chance): string =>
  chance
    .pick([
      "a",
      "<",
      "&",
      " ",
      "\n",
      "<@!",
      "&amp;",
      "\u001b[",
      "\ud800",
      "/ping ",
      "0",
      ",",
      "<@1> ",
      "\t ",
      "x".repeat(99)
    ])
    .repeat(1000 + chance.below(chance.oneIn(8) ? 60_000 : 8000))

export const value = (chance: Chance, depth = 3): Value => {
  switch (chance.below(depth > 0 ? 10 : 7)) {
    case 0:
      return null
    case 1:
      return chance.oneIn(2)
    case 2:
    case 3:
      return chance.pick(numbers)
    case 4:
    case 5:
    case 6:
      return text(chance)
    case 7:
      return chance.times(chance.below(5), () => value(chance, depth - 1))
    case 8:
      if (chance.oneIn(60)) return abyss(chance)
      return new Map(chance.times(chance.below(5), () => [key(chance), value(chance, depth - 1)]))
    default:
      return new Map(chance.times(chance.below(5), () => [key(chance), value(chance, depth - 1)]))
  }
}

/** Deeper than a recursion can follow. */
const abyss = (chance: Chance): Value => {
  const depth = chance.pick([50, 500, 5000, 20_000, 100_000])
  return chance.oneIn(2) ? nest("[", "]", depth) : nest('{"a":', "}", depth)
}

const key = (chance: Chance): string => (chance.oneIn(6) ? text(chance) : chance.pick(keys))

/** A place in a value: how to read it, replace it and take it away. */
interface Spot {
  readonly get: () => Value
  readonly set: (value: Value) => void
  readonly drop: () => void
  readonly copy: () => void
}

const spots = (value: Value, found: Array<Spot> = []): Array<Spot> => {
  if (Array.isArray(value)) {
    value.forEach((part, at) => {
      found.push({
        get: () => value[at] ?? null,
        set: (next) => void value.splice(at, 1, next),
        drop: () => void value.splice(at, 1),
        copy: () => void value.push(part)
      })
      spots(part, found)
    })
  } else if (value instanceof Map) {
    for (const [name, part] of value) {
      found.push({
        get: () => value.get(name) ?? null,
        set: (next) => void value.set(name, next),
        drop: () => void value.delete(name),
        // The same key again: written without what makes it another one for the Map.
        copy: () => void value.set(`${name}\u0000${value.size}`, part)
      })
      spots(part, found)
    }
  }
  return found
}

/** Changes a few things in a value; the value is its own afterwards. */
export const mutate = (chance: Chance, json: unknown): Value => {
  const root = fromJson(json)
  for (let changes = 1 + chance.below(3); changes > 0; changes--) {
    const places = spots(root)
    const [first] = places
    if (first === undefined) return value(chance)
    change(chance, places[chance.below(places.length)] ?? first)
  }
  return root
}

const change = (chance: Chance, spot: Spot): void => {
  const old = spot.get()
  switch (chance.below(10)) {
    case 0:
      return spot.drop()
    case 1:
      return spot.copy()
    case 2:
      return spot.set([old])
    case 3:
      return spot.set(new Map([[key(chance), old]]))
    case 4:
      return spot.set(typeof old === "string" ? old + text(chance) : text(chance))
    case 5:
      if (old instanceof Map) return void old.set(key(chance), value(chance))
      return spot.set(chance.pick(numbers))
    case 6:
      return spot.set(typeof old === "number" ? String(old) : typeof old === "string" ? Number(old) || 0 : null)
    default:
      return spot.set(value(chance, 2))
  }
}
