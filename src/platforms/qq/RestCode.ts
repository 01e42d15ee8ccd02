/**
 * What QQ's REST answers mean, one row for each business code and each status.
 *
 * A code decides before a status does, and `err_code` before `code`, which it is to replace. `docs`: bot documentation
 * (api-v2 and its 2026 pages); `seen`: reported by users only.
 */
import { Duration } from "effect"
import * as RestError from "../../domain/RestError.ts"

/**
 * What a code becomes. Besides the tags of `RestError.Reason`:
 * - `NotReached`: the platform did nothing because the bot is offline; `Unavailable` that costs no attempt
 * - `AlreadySent`: the platform recognised a repeat, so the message is there
 * - `Auditing`: accepted, and waiting for a review
 */
export type Meaning =
  | "RateLimited"
  | "Unavailable"
  | "NotReached"
  | "CredentialsExpired"
  | "Unauthorized"
  | "Forbidden"
  | "NotFound"
  | "Rejected"
  | "ReplyWindowClosed"
  | "QuotaExhausted"
  | "AlreadySent"
  | "Auditing"

/** What a refusal teaches about other messages: which of them would fare the same, and for how long. */
export interface Limit {
  /** `active` messages answer nothing. */
  readonly of: "active" | "all"
  /**
   * - `conversation`: those to the same conversation
   * - `bot`: all this bot says in the same world: to groups and persons, to channels, or as guild direct messages
   * - `either`: the code does not say which of the two it was. So it is taken for the limit of the conversation, and for
   *   the bot's once a second conversation is refused while that holds
   */
  readonly scope: "conversation" | "bot" | "either"
  /** A day begins at midnight in Beijing. */
  readonly refills: "day" | Duration.Duration
}

export interface RestCodeRow {
  readonly codes: ReadonlyArray<number>
  readonly meaning: string
  readonly becomes: Meaning
  /** How often it may be repeated, where QQ says that. Without it: as often as the caller likes. */
  readonly retries?: number
  /** Without one, it teaches nothing about the next message. */
  readonly limit?: Limit
  /** One sentence: what a person should do. */
  readonly advice?: string
  readonly source: string
}

const range = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i)

const row = (
  becomes: Meaning,
  meaning: string,
  codes: ReadonlyArray<number>,
  more: Partial<Pick<RestCodeRow, "advice" | "source" | "retries" | "limit">> = {}
): RestCodeRow => ({ codes, meaning, becomes, source: "docs", ...more })

const inConsole = "in the QQ bot console (q.qq.com)"

const perSecond: Limit = { of: "all", scope: "conversation", refills: Duration.seconds(1) }
const perDay: Limit = { of: "active", scope: "conversation", refills: "day" }

/** Every business code that matters. */
export const restCodes: ReadonlyArray<RestCodeRow> = [
  // The token and the bot itself.
  row("CredentialsExpired", "the access token or app id is missing or wrong", [11241, 11243, 11251, 11261, 11275]),
  row("CredentialsExpired", "the access token is absent or expired", [11244], { source: "seen" }),
  // "Repeat it once, at most once": the documentation's page of errors.
  row("Unavailable", "the platform could not check the access", [11242, 11252, 11263, 11281], { retries: 1 }),
  row("Unauthorized", "the fixed token is disabled", [11245], {
    advice: "Use the app id and client secret instead of the fixed token.",
    source: "seen"
  }),
  row("Unauthorized", "the bot is banned", [11265], { advice: `Look for the reason ${inConsole}.` }),
  row("Unauthorized", "this machine's IP address is not on the allow-list", [11298, 40023002], {
    advice: `Add the address to the IP allow-list ${inConsole}; the sandbox is exempt.`,
    source: "seen"
  }),
  row("Forbidden", "the bot lacks the privilege", [11253, 11254, 11262, 11264, 11273, 11274, 11282], {
    advice: "Ask an administrator of the guild to grant it, or make the bot an administrator."
  }),

  // The platform's own trouble.
  row("Rejected", "the request could not be mapped", [12001, 12002]),
  row("Unavailable", "a service behind the platform answered badly", [12003]),
  row(
    "Unavailable",
    "a send or a media transfer failed inside the platform",
    [304016, 304017, 304021, 304082, 304083, 40034004]
  ),
  row("NotReached", "the bot is not connected to the gateway", [304018, 40054016]),
  row("Unavailable", "the platform failed internally", [
    50055001,
    50055002,
    50055006,
    1100300,
    306003,
    306005,
    306006,
    ...range(501002, 501012),
    620007
  ]),
  row("Unavailable", "an uploaded part is not ready", [40093001]),

  // Pace and quotas.
  row("RateLimited", "too frequent in this conversation", [20028, 22009], { limit: perSecond }),
  row("RateLimited", "too frequent", [1100100, 1100308, 610013, 620006, 304052, 503004]),
  // A group takes 20 a minute, a bot may say 30 to all of them, 60 if it is certified (docs of 2026): one code for both.
  row("RateLimited", "too many messages that answer nothing", [40034100], {
    limit: { of: "active", scope: "either", refills: Duration.minutes(1) }
  }),
  row("QuotaExhausted", "the mentions of everybody are used up, or it is the wrong time of day", [304019, 304022]),
  row("QuotaExhausted", "the quota of messages that answer nothing is used up in this channel", [304045], {
    limit: perDay
  }),
  row("QuotaExhausted", "no more channels of this guild can be told what answers nothing today", [304035, 304047], {
    limit: perDay
  }),
  row("QuotaExhausted", "the quota of messages to this person that answer nothing is used up", [304049], {
    limit: perDay
  }),
  row("QuotaExhausted", "the quota of guild direct messages that answer nothing is used up", [304050], {
    limit: { ...perDay, scope: "bot" }
  }),
  row("QuotaExhausted", "the upload quota of the day is used up", [40093002]),

  // The address.
  row("NotFound", "no such account, channel or guild", [10001, 10003, 10004]),
  row("NotFound", "the bot is not in the group, or the group is gone", [40034101, 40054003, 1100104, 1100301]),
  row("Unavailable", "the bot is muted here", [40054002]),
  row("Forbidden", "messages that answer nothing are not wanted here", [40034102, 40034105, 40054013, 40054004], {
    advice: "Answer a message instead, or ask the person to allow messages from the bot."
  }),
  row("Forbidden", "messages that answer nothing are not wanted in this channel or guild", [304046, 304048], {
    advice: "Answer a message instead, or ask an administrator to allow messages from the bot."
  }),

  // The content.
  row("Rejected", "the message is malformed", [50006, 50035, ...range(50037, 50057)]),
  row("Rejected", "an address in the text is not registered", [304003, 40054010], {
    advice: `Register the address ${inConsole}, or leave it out.`
  }),
  row("Rejected", "a template or keyboard is wrong or not permitted", [
    ...range(304004, 304015),
    ...range(304036, 304040)
  ]),
  row("Rejected", "the content is not allowed", [304025, 1100101, 40034006]),
  row("Rejected", "the text is too long", [40054007, 40054018], { advice: "Split it into several messages." }),
  row("Rejected", "the panel does not support this target", [40030021]),

  // Replies.
  row("Auditing", "waiting for review", [304023, 304024]),
  row("AlreadySent", "this reply was sent before", [40054005]),
  row("Rejected", "the message or event to answer is not known here", [304026, 40034024, 40034025]),
  row("Rejected", "this message or event cannot be answered", [304028, 40034027]),
  row("ReplyWindowClosed", "too late to answer", [304027, 40034005, 40034026, 40034031]),
  row("ReplyWindowClosed", "too late, or too often, to answer", [40034128]),

  // Taking messages back.
  row("Forbidden", "the message cannot be taken back", [306001, 306002, 306004, 306007, 306008, 306009, 306011])
]

const rows: ReadonlyMap<number, RestCodeRow> = new Map(restCodes.flatMap((r) => r.codes.map((code) => [code, r])))

export interface StatusRow {
  readonly status: number
  readonly meaning: string
  readonly becomes: Meaning
  /** It does not say whether the request was carried out: repeat only what may be repeated. */
  readonly isAmbiguous?: boolean
  readonly source: string
}

/** What a failing status means when its code says nothing. */
export const statuses: ReadonlyArray<StatusRow> = [
  { status: 400, meaning: "bad request", becomes: "Rejected", source: "docs" },
  { status: 401, meaning: "unauthorized", becomes: "CredentialsExpired", source: "docs" },
  { status: 403, meaning: "forbidden", becomes: "Forbidden", source: "SDK tables" },
  { status: 404, meaning: "no such API", becomes: "NotFound", source: "docs" },
  { status: 405, meaning: "no such method", becomes: "NotFound", source: "docs" },
  { status: 429, meaning: "too frequent", becomes: "RateLimited", source: "docs" },
  { status: 500, meaning: "the platform failed", becomes: "Unavailable", isAmbiguous: true, source: "docs" },
  { status: 502, meaning: "bad gateway", becomes: "Unavailable", isAmbiguous: true, source: "seen" },
  { status: 503, meaning: "the platform is overloaded", becomes: "Unavailable", source: "seen" },
  { status: 504, meaning: "processing failed or timed out", becomes: "Unavailable", isAmbiguous: true, source: "docs" }
]

const statusRows: ReadonlyMap<number, StatusRow> = new Map(statuses.map((r) => [r.status, r]))

export const rowOfCode = (code: number | undefined): RestCodeRow | undefined =>
  code === undefined ? undefined : rows.get(code)

/** An answer that is no plain success. */
export interface Answer {
  readonly status: number
  readonly code?: number | undefined
  readonly errCode?: number | undefined
  /** The platform's words. */
  readonly message?: string | undefined
  readonly trace?: string | undefined
  readonly retryAfter?: Duration.Duration | undefined
  /** A send whose repeat might say it twice: an ambiguous status then is an unknown outcome. */
  readonly isSend: boolean
}

/** The row that decides about an answer: by its err_code, else by its code. */
export const deciding = ({ errCode, code }: Pick<Answer, "code" | "errCode">): RestCodeRow | undefined =>
  rowOfCode(errCode) ?? rowOfCode(code)

/**
 * Why an answer did not do what was asked. `AlreadySent` and `Auditing` are successes of a send, which `deciding`
 * tells; anywhere else they mean what their status says.
 */
export const toReason = (answer: Answer): RestError.Reason => {
  const found = deciding(answer)
  const status = statusRows.get(answer.status)
  const detail = [answer.message || found?.meaning || status?.meaning, found?.advice].filter(Boolean).join(". ")
  const facts = { status: answer.status, code: answer.errCode ?? answer.code, detail, trace: answer.trace }
  if (found === undefined && answer.isSend && isAmbiguous(answer.status, status)) {
    return new RestError.OutcomeUnknown(facts)
  }
  const meaning =
    found !== undefined && found.becomes !== "AlreadySent" && found.becomes !== "Auditing"
      ? found.becomes
      : (status?.becomes ?? (answer.status >= 500 ? "Unavailable" : "Rejected"))
  switch (meaning) {
    case "RateLimited":
      return new RestError.RateLimited({ ...facts, retryAfter: answer.retryAfter })
    case "Unavailable":
      return new RestError.Unavailable({ ...facts, reached: true, retries: found?.retries })
    case "NotReached":
      return new RestError.Unavailable({ ...facts, reached: false })
    case "CredentialsExpired":
      return new RestError.CredentialsExpired(facts)
    case "Unauthorized":
      return new RestError.Unauthorized(facts)
    case "Forbidden":
      return new RestError.Forbidden(facts)
    case "NotFound":
      return new RestError.NotFound(facts)
    case "ReplyWindowClosed":
      return new RestError.ReplyWindowClosed(facts)
    case "QuotaExhausted":
      return new RestError.QuotaExhausted(facts)
    default:
      return new RestError.Rejected(facts)
  }
}

const isAmbiguous = (status: number, known: StatusRow | undefined): boolean =>
  known === undefined ? status >= 500 : known.isAmbiguous === true
