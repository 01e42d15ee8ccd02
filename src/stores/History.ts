/**
 * What was said in a conversation, by people and by the bot, as far as a {@link Sqlite} database still holds it: see
 * `keep` of `Bot.launchWith`. Read by a thread of its own, beside a bot that runs.
 */
import { resolve } from "node:path"
import { Effect } from "effect"
import { type Conversation, laneKey } from "../domain/Conversation.ts"
import { StoreError, Unusable } from "../domain/StoreError.ts"
import type { HistoryEntry } from "./sidecar/protocol.ts"
import { run } from "./sidecar/Sidecar.ts"
import { fileOf } from "./sqlite/location.ts"

export type { HistoryEntry } from "./sidecar/protocol.ts"

export interface Query {
  /** The database, or a backup of one. */
  readonly filename: string
  /** `<platform>:<id>` */
  readonly account: string
  /** @defaultValue all conversations of the account */
  readonly conversation?: Pick<Conversation, "kind" | "id"> | undefined
  /** Epoch milliseconds; from here on. @defaultValue the beginning */
  readonly from?: number | undefined
  /** Epoch milliseconds; before this. @defaultValue no end */
  readonly until?: number | undefined
  /** At most 10,000. @defaultValue 100 */
  readonly limit?: number | undefined
  /** So many of the newest are left out. @defaultValue 0 */
  readonly offset?: number | undefined
}

const most = 10_000
const latest = Number.MAX_SAFE_INTEGER

const wrong = ({ from = 0, limit = 100, offset = 0, until = latest }: Query): string | undefined => {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > most) return `limit is no number from 1 to ${most}`
  if (!Number.isSafeInteger(offset) || offset < 0) return "offset is no number from 0 on"
  return Number.isFinite(from) && Number.isFinite(until) ? undefined : "from or until is no number of milliseconds"
}

/**
 * Events received and messages said, newest first. An event has the platform's frame as it came; a message its text and
 * what became of it. Fails with a `StoreError`: `Unusable` names the field that is wrong.
 */
export const search = Effect.fn("History.search")(function* (
  query: Query
): Effect.fn.Return<ReadonlyArray<HistoryEntry>, StoreError> {
  const path = fileOf(query.filename)
  const detail = path === undefined ? `${query.filename} is in memory: there is no file to search` : wrong(query)
  if (path === undefined || detail !== undefined) {
    return yield* new StoreError({ operation: "search", reason: new Unusable({ detail: detail ?? "" }) })
  }
  const { account, conversation, from = 0, limit = 100, offset = 0, until = latest } = query
  const lane = conversation === undefined ? undefined : laneKey({ account, ...conversation })
  const filename = resolve(path)
  return yield* run(
    "search",
    { filename, account, lane, from, until, limit, offset },
    { operation: "search", file: filename }
  )
})
