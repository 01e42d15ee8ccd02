/**
 * Whether the write-ahead log is still what the last process left. SQLite reads a damaged log up to the damage and says
 * nothing. If the database holds pages from behind it already, old and new pages mix, and no check of the file's structure
 * finds that. The index beside the log (`-shm`) survives a killed process and knows how long the log was, and how much of
 * it was on its way into the database. After a power loss it may say nothing of use: then nothing is concluded from it.
 *
 * Format: https://sqlite.org/walformat.html. Runs in the worker thread, before the file is opened.
 */
import { existsSync, readFileSync } from "node:fs"

/** Bytes. */
const logHeader = 32
const frameHeader = 24
const indexHeader = 48

interface Index {
  readonly salt: Buffer
  /** Frames that were committed. */
  readonly committed: number
  /** Frames that are in the database, and that may be. */
  readonly moved: number
  readonly begun: number
}

/** `undefined` when there is none, or it was not written to its end. */
const readIndex = (path: string): Index | undefined => {
  if (!existsSync(path)) return undefined
  const bytes = readFileSync(path)
  if (bytes.length < 136 || !bytes.subarray(0, indexHeader).equals(bytes.subarray(indexHeader, 2 * indexHeader))) return
  // In the machine's own order of bytes.
  const words = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 136))
  return { salt: bytes.subarray(32, 40), committed: words[4] ?? 0, moved: words[24] ?? 0, begun: words[32] ?? 0 }
}

/** Frames up to the last good commit, as SQLite counts them. */
const goodFrames = (log: Buffer): number => {
  const isBigEndian = log.readUInt32BE(0) === 0x377f0683
  const page = log.readUInt32BE(8)
  if ((log.readUInt32BE(0) | 1) !== 0x377f0683 || page < 512) return 0
  const word = isBigEndian ? (at: number) => log.readUInt32BE(at) : (at: number) => log.readUInt32LE(at)
  let [s0, s1] = [0, 0]
  const add = (from: number, to: number) => {
    for (let at = from; at < to; at += 8) {
      s0 = (s0 + word(at) + s1) >>> 0
      s1 = (s1 + word(at + 4) + s0) >>> 0
    }
  }
  add(0, 24)
  if (s0 !== log.readUInt32BE(24) || s1 !== log.readUInt32BE(28)) return 0
  let good = 0
  for (let frame = 1, at = logHeader; at + frameHeader + page <= log.length; frame++, at += frameHeader + page) {
    if (!log.subarray(at + 8, at + 16).equals(log.subarray(16, 24))) break
    add(at, at + 8)
    add(at + frameHeader, at + frameHeader + page)
    if (s0 !== log.readUInt32BE(at + 16) || s1 !== log.readUInt32BE(at + 20)) break
    if (log.readUInt32BE(at + 4) !== 0) good = frame
  }
  return good
}

export type LogState =
  | { readonly _tag: "Whole" }
  /** What was committed last is gone, and everything before is there. */
  | { readonly _tag: "CutOff"; readonly why: string }
  /** The database holds pages from behind the damage. */
  | { readonly _tag: "Mixed"; readonly why: string }

const whole: LogState = { _tag: "Whole" }

/** Looks at the log of this database. Reads all of it: some ten milliseconds for what `checkpointPages` allows. */
export const checkLog = (path: string): LogState => {
  const index = readIndex(`${path}-shm`)
  if (index === undefined || !existsSync(`${path}-wal`)) return whole
  const log = readFileSync(`${path}-wal`)
  const hasHeader = log.length >= logHeader
  // Of another time: somebody put a log in its place, or it was about to begin anew.
  if (hasHeader && !log.subarray(16, 24).equals(index.salt)) return whole
  const good = hasHeader ? goodFrames(log) : 0
  if (good >= index.committed) return whole
  const why = `the write-ahead log is damaged: ${good} of ${index.committed} pages can be read`
  // Without any of the log the database stands for itself, if all of it had been moved there.
  if (good === 0 && index.moved >= index.committed) return whole
  return index.begun > good
    ? { _tag: "Mixed", why: `${why}, and the database holds later ones` }
    : { _tag: "CutOff", why: `${why}; what was committed last is forgotten` }
}
