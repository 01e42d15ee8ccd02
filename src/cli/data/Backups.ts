/** `everbot backup`, `backups`, `check` and `restore`. */
import { Effect, Option } from "effect"
import * as Console from "effect/Console"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Backup from "../../stores/Backup.ts"
import { atLeast, db, directory, json, shown } from "./flags.ts"

interface Given {
  readonly db: Option.Option<string>
  readonly to: Option.Option<string>
}

/** What was said, over what the environment says. */
const settings = ({ db, to }: Given) =>
  Effect.map(Backup.config, (config) => ({
    filename: Option.getOrElse(db, () => config.filename),
    directory: Option.getOrElse(to, () => config.directory),
    keep: config.keep
  }))

const contents = ({ bytes, events, messages, pendingEvents, queuedMessages, states }: Backup.Checked): string =>
  `${bytes} bytes: ${events} events (${pendingEvents} to be handled), ${messages} messages (${queuedMessages} to be sent), ${states} states`

export const backup = Command.make(
  "backup",
  {
    db,
    to: directory,
    keep: atLeast("keep", 1).pipe(
      Flag.withDescription("Backups that stay; older ones are deleted (default: EVERBOT_BACKUP_KEEP, or 14)"),
      Flag.optional
    ),
    json
  },
  Effect.fnUntraced(function* ({ json, keep, ...given }) {
    const options = yield* settings(given)
    const file = yield* Backup.create({ ...options, keep: Option.getOrElse(keep, () => options.keep) })
    yield* Console.log(json ? JSON.stringify(file) : `${file.path}\n${contents(file)}; checked`)
  })
).pipe(Command.withDescription("Make a backup now, also while the bot runs, and check it"))

export const backups = Command.make(
  "backups",
  { db, to: directory, json },
  Effect.fnUntraced(function* ({ json, ...given }) {
    const all = yield* Backup.list(yield* settings(given))
    const lines = all.map((named) => (json ? JSON.stringify(named) : `${shown(named.at)}  ${named.path}`))
    if (lines.length > 0 || !json) yield* Console.log(lines.length > 0 ? lines.join("\n") : "there are no backups")
  })
).pipe(Command.withDescription("List the backups, newest first"))

const file = Argument.String("backup").pipe(Argument.withDescription("A file that `backup` made"))

export const check = Command.make(
  "check",
  { backup: file, json },
  Effect.fnUntraced(function* ({ backup, json }) {
    const checked = yield* Backup.check(backup)
    yield* Console.log(json ? JSON.stringify(checked) : `${backup} is whole. ${contents(checked)}`)
  })
).pipe(Command.withDescription("Read a backup through and say whether it is whole"))

export const restore = Command.make(
  "restore",
  {
    backup: file,
    db,
    overwrite: Flag.Boolean("overwrite").pipe(
      Flag.withDescription("Replace a database that is there; it is kept under another name"),
      Flag.withDefault(false)
    ),
    json
  },
  Effect.fnUntraced(function* ({ backup, json, overwrite, ...given }) {
    const { filename } = yield* settings({ ...given, to: Option.none() })
    const restored = yield* Backup.restore({ backup, filename, overwrite })
    const kept = restored.kept === undefined ? "" : `\nwhat was there is now ${restored.kept}`
    yield* Console.log(
      json ? JSON.stringify(restored) : `${restored.filename} is restored. ${contents(restored)}${kept}`
    )
  })
).pipe(Command.withDescription("Put a backup in the place of the database, while no bot runs on it"))
