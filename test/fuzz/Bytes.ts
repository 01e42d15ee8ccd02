/** Bytes as a bad disk, a bad line or a bad peer leaves them: one character for each byte. */
import type { Chance } from "./Chance.ts"

export const noise = (chance: Chance, length: number): string =>
  String.fromCharCode(...chance.times(length, () => chance.below(256)))

/** Flips, cuts, doubles, moves and overwrites. */
export const damage = (chance: Chance, bytes: string): string => {
  let out = bytes
  for (let changes = 1 + chance.below(4); changes > 0; changes--) {
    const at = chance.below(out.length + 1)
    const length = chance.oneIn(3) ? chance.below(out.length - at + 1) : chance.below(Math.min(9, out.length - at + 1))
    const part = out.slice(at, at + length)
    switch (chance.below(7)) {
      case 0:
        out = out.slice(0, at) + out.slice(at + length)
        break
      case 1:
        out = out.slice(0, at) + noise(chance, 1 + chance.below(8)) + out.slice(at)
        break
      case 2:
        out = out.slice(0, at) + part + part + out.slice(at + length)
        break
      case 3:
        out = out.slice(0, at)
        break
      case 4:
        out =
          out.slice(0, at) +
          chance.pick(["\0", "\xff", "\n", "[", "{", '"', "\\", "\\u", "\xed\xa0\x80", "\xc0\x80", "\xef\xbb\xbf"]) +
          out.slice(at + length)
        break
      default:
        out =
          out.slice(0, at) + String.fromCharCode((out.charCodeAt(at) || 0) ^ (1 << chance.below(8))) + out.slice(at + 1)
    }
  }
  return out
}
