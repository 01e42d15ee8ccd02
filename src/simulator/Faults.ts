/** Everything that can be broken on command, and reproducible plans of it. */

/** Which of the sockets a fault hits. */
interface OfShard {
  /** @defaultValue those of all shards */
  readonly shard?: number
}

/** Applies to the live gateway sockets unless it says otherwise. */
export type Fault =
  | WebhookFault
  /** Drop every gateway socket: an orderly FIN without a close frame, or a RST. */
  | ({ readonly kind: "cut"; readonly by: "fin" | "rst" } & OfShard)
  /** Sockets stay open, but nothing is read or written any more. */
  | ({ readonly kind: "halfOpen" } & OfShard)
  /** Sockets work, but heartbeats go unanswered, or nothing is dispatched, or both. */
  | ({ readonly kind: "silence"; readonly of: "acks" | "dispatches" | "both" } & OfShard)
  /** op 7: go away and resume. Who stays is closed with 4009. */
  | ({ readonly kind: "reconnect" } & OfShard)
  /** op 9, then a close frame. Not resumable: the session is gone, also one that waits to be resumed. */
  | ({ readonly kind: "invalidSession"; readonly resumable: boolean } & OfShard)
  /** A close frame. Whether sessions survive follows the documented table unless told. */
  | ({ readonly kind: "close"; readonly code: number; readonly endsSession?: boolean } & OfShard)
  /**
   * From now on the platform recommends so many shards. If it insists, sessions begun with fewer are closed with 4011,
   * and no new ones are taken.
   */
  | { readonly kind: "moreShards"; readonly shards: number; readonly insists?: boolean }
  /** The access token dies before its time; sockets stay. */
  | { readonly kind: "expireToken" }
  /** The same, and sockets are closed with 4004 and their sessions. */
  | { readonly kind: "revokeToken" }
  /** The next sends get 429, with or without `Retry-After` (seconds). */
  | { readonly kind: "rateLimited"; readonly times: number; readonly retryAfter?: number }
  /** The next REST calls get a JSON error. */
  | { readonly kind: "serverError"; readonly times: number; readonly status?: number; readonly code?: number }
  /** The next REST calls get a proxy's HTML page. */
  | { readonly kind: "htmlError"; readonly times: number; readonly status?: number }
  /** The next sends are processed, but the connection dies instead of answering. */
  | { readonly kind: "lostAnswer"; readonly times: number }
  /** The next sends are processed at once and answered late. */
  | { readonly kind: "slowAnswer"; readonly ms: number; readonly times?: number }
  /** The next sends are held for audit: 202, and its verdict by event, at once if given or with `QqSimulator.audit`. */
  | { readonly kind: "audit"; readonly times: number; readonly verdict?: "pass" | "reject" }
  /** The next resume also repeats this many events that were already delivered. */
  | { readonly kind: "duplicateOnResume"; readonly events: number }
  | { readonly kind: "malformedFrame"; readonly form: "text" | "array" | "missing" | "null" }
  | { readonly kind: "unknownOpcode" }
  | { readonly kind: "unknownEvent" }
  | { readonly kind: "hugeFrame"; readonly bytes: number }
  /** The platform stops reading the sockets for a while. */
  | { readonly kind: "slowReads"; readonly ms: number }
  /** The next sockets are accepted and never greeted. */
  | { readonly kind: "noHello"; readonly times: number }
  /** The next gateway upgrades are refused with this HTTP status. */
  | { readonly kind: "refuseUpgrade"; readonly times: number; readonly status?: number }
  /** Nobody listens for a while; what is connected stays connected. */
  | { readonly kind: "refuseConnections"; readonly ms: number }
  /** The platform goes down: every connection is cut, then it is back on the same port. */
  | { readonly kind: "restart"; readonly ms: number; readonly keepSessions?: boolean }
  /** The next token calls fail: a JSON 5xx, an HTML page, `100001` (too many requests), or no answer at all. */
  | { readonly kind: "tokenServerError"; readonly times: number; readonly form?: "json" | "html" | "busy" | "hang" }
  /** The secret was reset: no new tokens. `on: false` lifts it. */
  | { readonly kind: "wrongSecret"; readonly on?: boolean }
  /** The bot is banned (4915, 11265). */
  | { readonly kind: "banned"; readonly on?: boolean }
  /** The address is not on the allow-list (4924, 11298). */
  | { readonly kind: "ipForbidden"; readonly on?: boolean }
  /** The next events are delivered to nobody. In channels they are in the history. */
  | { readonly kind: "lostEvents"; readonly times: number }
  /** The messages of channels may not be listed. */
  | { readonly kind: "historyForbidden"; readonly on?: boolean }
  /** These intents are no longer granted: silent until the next Identify (4014). 0 grants all again. */
  | { readonly kind: "intentsForbidden"; readonly intents: number }

/** What happens to calls of a webhook; nothing while the bot is connected by WebSocket. */
export type WebhookFault =
  /** The answers to the next calls get lost: they are repeated although the bot has taken them. */
  | { readonly kind: "webhookLostAnswer"; readonly times: number }
  /** The next calls come twice, at the same time. */
  | { readonly kind: "webhookDuplicate"; readonly times: number }
  /** The next calls do not wait for those before them in their chat. */
  | { readonly kind: "webhookReorder"; readonly times: number }
  /** The next calls break off in the middle of their body once, and then come whole. */
  | { readonly kind: "webhookTruncated"; readonly times: number }
  /** The bodies of the next calls pause for so many milliseconds. */
  | { readonly kind: "webhookSlow"; readonly ms: number; readonly times: number }
  /** A stranger calls, with signatures of another key. */
  | { readonly kind: "webhookForged"; readonly times: number }
  /** A stranger repeats calls that were answered, byte for byte. */
  | { readonly kind: "webhookReplayed"; readonly times: number }

export type Kind = Fault["kind"]

/** A modest example of each kind a bot is expected to survive without help. */
export const survivable = {
  cutByFin: { kind: "cut", by: "fin" },
  cutByRst: { kind: "cut", by: "rst" },
  halfOpen: { kind: "halfOpen" },
  silence: { kind: "silence", of: "acks" },
  reconnect: { kind: "reconnect" },
  invalidSession: { kind: "invalidSession", resumable: false },
  invalidSessionResumable: { kind: "invalidSession", resumable: true },
  close4009: { kind: "close", code: 4009 },
  close4900: { kind: "close", code: 4900 },
  expireToken: { kind: "expireToken" },
  revokeToken: { kind: "revokeToken" },
  rateLimited: { kind: "rateLimited", times: 3, retryAfter: 1 },
  serverError: { kind: "serverError", times: 3 },
  htmlError: { kind: "htmlError", times: 3 },
  lostAnswer: { kind: "lostAnswer", times: 3 },
  slowAnswer: { kind: "slowAnswer", ms: 500, times: 3 },
  duplicateOnResume: { kind: "duplicateOnResume", events: 5 },
  malformedFrame: { kind: "malformedFrame", form: "text" },
  unknownOpcode: { kind: "unknownOpcode" },
  unknownEvent: { kind: "unknownEvent" },
  hugeFrame: { kind: "hugeFrame", bytes: 1_000_000 },
  slowReads: { kind: "slowReads", ms: 500 },
  noHello: { kind: "noHello", times: 1 },
  refuseUpgrade: { kind: "refuseUpgrade", times: 1, status: 502 },
  refuseConnections: { kind: "refuseConnections", ms: 500 },
  restart: { kind: "restart", ms: 500 },
  tokenServerError: { kind: "tokenServerError", times: 2 }
} as const satisfies Record<string, Fault>

/** The same for a bot that is called by webhook: what happens to its calls. See {@link survivable} for the rest. */
export const survivableByWebhook = {
  webhookLostAnswer: { kind: "webhookLostAnswer", times: 4 },
  webhookDuplicate: { kind: "webhookDuplicate", times: 6 },
  webhookTruncated: { kind: "webhookTruncated", times: 4 },
  webhookSlow: { kind: "webhookSlow", ms: 300, times: 4 },
  webhookForged: { kind: "webhookForged", times: 10 },
  webhookReplayed: { kind: "webhookReplayed", times: 10 }
} as const satisfies Record<string, Fault>

/** mulberry32: small, seedable and the same everywhere, so that a seed in a report reproduces. */
const generator = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A reproducible sequence of faults: the same seed gives the same plan. Kinds are names or whole faults; by default all survivable ones. */
export const plan = (
  seed: number,
  kinds: ReadonlyArray<Kind | Fault> = Object.values(survivable),
  count = 20
): ReadonlyArray<Fault> => {
  const next = generator(seed)
  const examples: ReadonlyArray<Fault> = Object.values(survivable)
  const pool = kinds.flatMap((kind) =>
    typeof kind === "string" ? examples.filter((fault) => fault.kind === kind) : [kind]
  )
  return Array.from({ length: count }, () => pool[Math.floor(next() * pool.length)]).filter(
    (fault) => fault !== undefined
  )
}
