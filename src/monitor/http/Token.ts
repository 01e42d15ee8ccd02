/**
 * The monitor's token: the one that is set, or one of our own in a file that only its owner can read. The file is kept,
 * so that dashboards and scrapers know the token after a restart as well.
 */
import { randomBytes } from "node:crypto"
import { lstat, open, readFile } from "node:fs/promises"
import { resolve } from "node:path"
import { Effect, Redacted } from "effect"
import { ConfigError, Malformed } from "../../domain/ConfigError.ts"

export interface Token {
  readonly value: Redacted.Redacted
  /** The file it is in, if it is ours. */
  readonly file: string | undefined
}

export const defaultFile = "everbot-monitor.token"

/** A token that is shorter can be guessed. */
export const minLength = 16

const refuse = (setting: string, problem: string, mend: string) =>
  new ConfigError({ setting, reason: new Malformed({ problem }), mend })

/** A fresh one: 256 random bits. */
export const generate = (): string => randomBytes(32).toString("base64url")

/** Checks a token that was set. */
export const given = (
  token: Redacted.Redacted,
  setting: string,
  atLeast: number = minLength
): Effect.Effect<Token, ConfigError> => {
  const text = Redacted.value(token)
  if (!/^[\x21-\x7e]+$/.test(text)) {
    return Effect.fail(refuse(setting, "is empty or not plain text without spaces", "Use letters and digits."))
  }
  if (text.length < atLeast) {
    return Effect.fail(refuse(setting, `has only ${text.length} characters`, `Use ${atLeast} or more, at random.`))
  }
  return Effect.succeed({ value: token, file: undefined })
}

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "unknown reason"

/** The token in `path`, which is made where it is missing. */
export const kept = (path: string): Effect.Effect<Token, ConfigError> => {
  const file = resolve(path)
  const setting = "monitor.tokenFile"
  const failed = (cause: unknown) =>
    refuse(setting, `${file} cannot be used (${codeOf(cause)})`, "Name another file, or set EVERBOT_MONITOR_TOKEN.")
  const create = Effect.tryPromise({
    try: async () => {
      const token = generate()
      // Fails where something is already there, a link of somebody else included.
      const handle = await open(file, "wx", 0o600)
      try {
        await handle.writeFile(`${token}\n`)
        await handle.sync()
      } finally {
        await handle.close()
      }
      return token
    },
    catch: (cause) => cause
  })
  const read = Effect.gen(function* () {
    const info = yield* Effect.tryPromise({ try: () => lstat(file), catch: failed })
    if (!info.isFile()) return yield* refuse(setting, `${file} is no plain file`, "Name another file.")
    if (process.platform !== "win32" && (info.mode & 0o077) !== 0) {
      return yield* refuse(setting, `${file} can be read by others`, `Run: chmod 600 ${file}`)
    }
    const text = (yield* Effect.tryPromise({ try: () => readFile(file, "utf8"), catch: failed })).trim()
    if (text.length < minLength)
      return yield* refuse(setting, `${file} holds no token`, "Delete it: a new one is made.")
    return text
  })
  return create.pipe(
    Effect.catch((cause) => (codeOf(cause) === "EEXIST" ? read : Effect.fail(failed(cause)))),
    Effect.map((token) => ({ value: Redacted.make(token, { label: "monitor token" }), file }))
  )
}
