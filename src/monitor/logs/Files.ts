/**
 * Lines in a file that is put aside every day: `everbot.log`, and `everbot-2026-11-27.log` for what was written before.
 * `rotating-file-stream` does it. A slow or full disk costs bounded memory and lines, and the bot nothing.
 */
import { chmodSync, mkdirSync } from "node:fs"
import { Effect, type Scope } from "effect"
import { createStream } from "rotating-file-stream"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"

export interface Options {
  readonly directory: string
  /** Files of past days. */
  readonly keepDays: number
}

/** Bytes that may wait for the disk. */
const maxWaiting = 8 * 1024 * 1024

const two = (value: number): string => String(value).padStart(2, "0")

/** The name of a day's file; the second one of a day has a number. */
export const nameOf = (time: Date | number | null, index = 1): string => {
  if (time === null) return "everbot.log"
  const day = new Date(time)
  const date = `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`
  return `everbot-${date}${index > 1 ? `.${index}` : ""}.log`
}

const unusable = (directory: string) => (cause: unknown) => {
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : ""
  return new ConfigError({
    setting: "EVERBOT_LOG_DIR",
    reason: new Malformed({ problem: `names a directory that cannot be written${code}` }),
    mend: `Create ${directory} for the user the bot runs as, or name another one.`
  })
}

/** Where lines can be written; `complain` hears once of each trouble. Open until the scope closes. */
export const open = (
  { directory, keepDays }: Options,
  complain: (text: string) => void
): Effect.Effect<(line: string) => void, ConfigError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* Effect.try({
      try: () => {
        mkdirSync(directory, { recursive: true, mode: 0o700 })
        // Its list of files is written there too; what people said may be quoted in any of them.
        chmodSync(directory, 0o700)
      },
      catch: unusable(directory)
    })
    let isTroubled = false
    let dropped = 0
    const trouble = (error: Error) => {
      if (!isTroubled) complain(`the log cannot be written: ${error.message}`)
      isTroubled = true
    }
    const stream = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const stream = createStream((time, index) => nameOf(time, index), {
          path: directory,
          interval: "1d",
          intervalBoundary: true,
          // Started on another day than it was written: that day's lines are put aside at once.
          initialRotation: true,
          maxFiles: keepDays,
          mode: 0o600
        })
        stream.on("error", trouble)
        stream.on("warning", trouble)
        return stream
      }),
      (stream) =>
        Effect.callback<void>((resume) => {
          stream.once("close", () => resume(Effect.void))
          stream.once("error", () => resume(Effect.void))
          stream.end(() => resume(Effect.void))
        })
    )
    return (line) => {
      if (stream.destroyed || stream.writableLength > maxWaiting) {
        if (dropped++ === 0) complain("the disk is too slow for the log: lines are left out of the file")
        return
      }
      if (dropped > 0)
        stream.write(`${JSON.stringify({ level: "Warn", message: "lines are missing here", dropped })}\n`)
      dropped = 0
      stream.write(line)
    }
  })
