/** `everbot history`: what was said in a conversation, as far as the database still holds it. */
import { Effect, Option } from "effect"
import * as Console from "effect/Console"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { fromLaneKey } from "../../domain/Conversation.ts"
import * as Backup from "../../stores/Backup.ts"
import { type HistoryEntry, search } from "../../stores/History.ts"
import { atLeast, db, json, line, shown, time } from "./flags.ts"

/** The text of a frame whose platform is not asked: the field that QQ, Discord and Telegram frames have it in. */
const textIn = (raw: string): string => {
  try {
    const frame: { readonly d?: { readonly content?: unknown }; readonly t?: unknown } = { ...JSON.parse(raw) }
    return typeof frame.d?.content === "string" ? frame.d.content : `[${String(frame.t ?? "event")}]`
  } catch {
    return "[not readable]"
  }
}

const told = (entry: HistoryEntry): string => {
  const head = `${shown(entry.at)}  ${line(entry.lane)}`
  if (entry._tag === "Received") return `${head}  < ${line(textIn(entry.raw))}`
  const reason = entry.reason === undefined ? "" : `: ${line(entry.reason)}`
  return `${head}  > ${line(entry.text)}  (${entry.status}${reason})`
}

export const history = Command.make(
  "history",
  {
    account: Argument.String("account").pipe(Argument.withDescription("e.g. qq:102000001")),
    conversation: Argument.String("conversation").pipe(
      Argument.withDescription("kind:id, e.g. group:G1; without it all of the account"),
      Argument.filter(
        (text) => /^\w+:./.test(text),
        (text) => `"${text}" is no conversation: write it like group:G1`
      ),
      Argument.optional
    ),
    db,
    from: time("from", "From this time on"),
    until: time("until", "Before this time"),
    limit: atLeast("limit", 1).pipe(Flag.withDescription("So many, the newest"), Flag.withDefault(100)),
    json
  },
  Effect.fnUntraced(function* ({ account, conversation, db, from, json, limit, until }) {
    const { filename } = yield* Backup.config
    const found = yield* search({
      filename: Option.getOrElse(db, () => filename),
      account,
      conversation: Option.getOrUndefined(Option.map(conversation, (key) => fromLaneKey(account, key))),
      from: Option.getOrUndefined(from),
      until: Option.getOrUndefined(until),
      limit
    })
    const lines = found.map((entry) => (json ? JSON.stringify(entry) : told(entry))).reverse()
    if (lines.length > 0 || !json) yield* Console.log(lines.length > 0 ? lines.join("\n") : "nothing was found")
  })
).pipe(Command.withDescription("Show what was said in a conversation, the newest at the end"))
