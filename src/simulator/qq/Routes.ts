/** The REST table: method, path and what happens. */
import type { Books, Offered, Place, Sent } from "../Books.ts"
import type { Ambient } from "./Ambient.ts"
import { draftOf, type Fields } from "./Bodies.ts"
import type { Chats, Outcome } from "./Chats.ts"
import { type Refusal, Refusals } from "./Codes.ts"
import { dataOf, guildId, self, timestamp } from "./Payloads.ts"
import type { Uploads } from "./rest/Uploads.ts"

export interface Call {
  readonly params: ReadonlyArray<string>
  readonly query: URLSearchParams
  readonly fields: Fields | undefined
  /** The body as it came. */
  readonly body: Buffer
}

export type Answer =
  | { readonly status: number; readonly body?: unknown; readonly sent?: Sent }
  | { readonly refusal: Refusal }

export interface Route {
  readonly method: string
  readonly path: string
  readonly sends?: boolean
  /** Asks for no token. */
  readonly isOpen?: boolean
  readonly answer: (call: Call) => Answer
}

export interface Surroundings {
  readonly ambient: Ambient
  readonly books: Books
  readonly chats: Chats
  readonly gatewayUrl: () => string
  readonly shards: number
  readonly sessionStartLimit: () => unknown
  /** Whether the bot may not list the messages of a channel. */
  readonly isHistoryForbidden: () => boolean
  /** Whether the next send is held for audit; gives the audit's id. */
  readonly holdForAudit: () => string | undefined
  /** Says which send an audit is about. */
  readonly audited: (auditId: string, sent: Sent) => void
  readonly uploads: Uploads
  /** What is answered besides. */
  readonly more: ReadonlyArray<Route>
}

const ok = (body: unknown): Answer => ({ status: 200, body })
const noContent: Answer = { status: 204 }
const done: Answer = { status: 200, body: {} }
const hasSubject = (id: string | undefined): id is string => id !== undefined && id !== ""

export const make = (around: Surroundings): ReadonlyArray<Route> => {
  const { ambient, books, chats } = around

  const messageOf = (what: Offered | Sent): unknown =>
    "accepted" in what
      ? {
          id: what.id,
          channel_id: what.place.id,
          guild_id: guildId,
          content: what.text,
          timestamp: timestamp(what.at),
          author: { ...self, avatar: "" },
          ...(what.seqInChannel === undefined
            ? {}
            : { seq: what.seqInChannel, seq_in_channel: String(what.seqInChannel) }),
          ...(what.msgId === undefined ? {} : { message_reference: { message_id: what.msgId } })
        }
      : dataOf(what)

  const accepted = (outcome: Outcome, auditId: string | undefined): Answer => {
    if (!outcome.accepted) return { refusal: outcome.refusal }
    const { sent } = outcome
    if (auditId !== undefined) {
      around.audited(auditId, sent)
      const code = sent.msgId === undefined ? 304023 : 304024
      const message = "push message is waiting for audit now"
      return { status: 202, sent, body: { code, message, data: { message_audit: { audit_id: auditId } } } }
    }
    if (sent.place.kind === "channel" || sent.place.kind === "guildDirect") {
      return { status: 200, sent, body: messageOf(sent) }
    }
    const body = {
      id: sent.id,
      timestamp: timestamp(sent.at),
      ext_info: { ref_idx: `REFIDX_${ambient.text(20, "abcdef")}==` }
    }
    return { status: 200, sent, body }
  }

  const send =
    (kind: Place["kind"]) =>
    ({ fields, params: [id] }: Call): Answer => {
      if (!hasSubject(id)) return { refusal: Refusals.unknownRoute }
      const draft = draftOf({ kind, id }, fields)
      if ("status" in draft) return { refusal: draft }
      const gone = around.uploads.whyNot(draft.place, fields)
      if (gone !== undefined) return { refusal: gone }
      const auditId = around.holdForAudit()
      return accepted(chats.post(draft, auditId !== undefined), auditId)
    }

  const recall = ({ params: [, id = ""] }: Call): Answer => {
    const refusal = chats.recall(id)
    return refusal === undefined ? done : { refusal }
  }

  const list = ({ params: [id = ""], query }: Call): Answer => {
    if (around.isHistoryForbidden()) return { refusal: Refusals.notGranted }
    const all = chats.history(id)
    const limit = Math.min(20, Number(query.get("limit") ?? 20))
    const at = (name: string) => all.findIndex((message) => message.id === query.get(name))
    const newest = (end: number) => all.slice(Math.max(0, end - limit), end)
    const page = query.has("after")
      ? all.slice(at("after") + 1, at("after") + 1 + limit)
      : query.has("before")
        ? newest(Math.max(0, at("before")))
        : query.has("around")
          ? newest(at("around") + 1 + Math.floor(limit / 2))
          : newest(all.length)
    return ok(page.map(messageOf))
  }

  const route = (method: string, path: string, answer: Route["answer"], sends = false): Route => ({
    method,
    path,
    answer,
    sends
  })
  return [
    route("GET", "/gateway", () => ok({ url: around.gatewayUrl() })),
    route("GET", "/gateway/bot", () =>
      ok({ url: around.gatewayUrl(), shards: around.shards, session_start_limit: around.sessionStartLimit() })
    ),
    route("GET", "/users/@me", () => ok({ ...self, avatar: "", union_openid: "", union_user_account: "" })),
    route("POST", "/users/@me/dms", ({ fields = {} }) => {
      const id = `${String(fields["source_guild_id"] ?? "")}${String(fields["recipient_id"] ?? "")}`
      return ok({ guild_id: id, channel_id: `6${id.slice(-6)}`, create_time: String(Math.floor(ambient.now() / 1000)) })
    }),
    route("POST", "/channels/:id/messages", send("channel"), true),
    route("GET", "/channels/:id/messages", list),
    route("GET", "/channels/:id/messages/:message", ({ params: [, id = ""] }) => {
      const message = chats.message(id) ?? chats.sent(id)
      return message === undefined ? { refusal: Refusals.guildUnknownMessage } : ok({ message: messageOf(message) })
    }),
    route("DELETE", "/channels/:id/messages/:message", recall),
    route("POST", "/dms/:id/messages", send("guildDirect"), true),
    route("DELETE", "/dms/:id/messages/:message", recall),
    route("POST", "/v2/users/:id/messages", send("direct"), true),
    route("DELETE", "/v2/users/:id/messages/:message", recall),
    route("POST", "/v2/groups/:id/messages", send("group"), true),
    route("DELETE", "/v2/groups/:id/messages/:message", recall),
    route("PUT", "/interactions/:id", ({ fields = {}, params: [id = ""] }) => {
      books.interactions.push({ at: ambient.now(), id, code: Number(fields["code"] ?? 0) })
      return noContent
    }),
    ...around.uploads.routes,
    ...around.more
  ]
}

/** Finds the route of a path; ids are URL-decoded. */
export const find = (
  routes: ReadonlyArray<Route>,
  method: string,
  pathname: string
): { readonly route: Route; readonly params: ReadonlyArray<string> } | undefined => {
  const path = pathname.split("/")
  for (const route of routes) {
    const pattern = route.path.split("/")
    if (route.method !== method || pattern.length !== path.length) continue
    if (pattern.some((part, i) => !part.startsWith(":") && part !== path[i])) continue
    const params = path.filter((_, i) => pattern[i]?.startsWith(":")).map(decoded)
    return { route, params }
  }
  return undefined
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
