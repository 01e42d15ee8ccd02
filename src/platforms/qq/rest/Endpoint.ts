/**
 * Calls of the REST API as data. A family is a table of endpoints; from it come the typed functions of `QqApi`, the
 * checks before the wire and the page of what is covered.
 */
import type { Answer, Method } from "../Http.ts"
import type { RequestOptions } from "../Rest.ts"
import type { Reader } from "./Answers.ts"
import type { Rule } from "./Check.ts"

/**
 * Where a call is described.
 * - `docs`: bot documentation (api-v2); `docs 2026`: its pages of summer 2026
 * - `botgo`: only in Tencent's Go SDK; `qqbot-nodejs`: only in Tencent's Node SDK of 2026
 */
export type Source = "docs" | "docs 2026" | "botgo" | "qqbot-nodejs"

/**
 * Who may call it: `private` bots of the private domain, `administrator` a bot that administers the place, `invited`
 * bots that QQ invited.
 */
export type Need = "private" | "administrator" | "private, administrator" | "invited"

export interface About {
  /** @defaultValue "docs" */
  readonly source?: Source
  readonly needs?: Need
  /** What must hold for the query or the body; the ids of the path are always looked at. */
  readonly query?: Rule
  readonly body?: Rule
  /**
   * Whether carrying it out twice does no harm, which decides what an unanswered call is.
   * @defaultValue true for all but POST and PATCH
   */
  readonly isRepeatable?: boolean
  readonly isDeprecated?: boolean
  /** Names the bot in `X-Callback-AppID`, as botgo does. */
  readonly isCallback?: boolean
  /** Answers of failing statuses that are successes all the same. */
  readonly accepts?: (answer: Answer) => boolean
}

/** `{guild}` and `{user}` of `/guilds/{guild}/members/{user}`. */
type IdNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | IdNames<Rest> : never

/** What a call is made of: its ids by name, a query and a body. */
export type Parts<Path extends string> = { readonly [Name in IdNames<Path>]: string } & {
  readonly query?: RequestOptions["query"]
  readonly body?: unknown
}

/** An endpoint, as far as anybody but its caller needs to know it. */
export interface Described {
  readonly method: Method
  /** Ids stand in braces. */
  readonly path: string
  readonly about: About
}

export interface Endpoint<Args extends ReadonlyArray<unknown>, A> extends Described {
  readonly parts: (...args: Args) => Parts<string>
  readonly answer: Reader<A>
}

const endpoint =
  (method: Method) =>
  <const Path extends `/${string}`, Args extends ReadonlyArray<unknown>, A>(
    path: Path,
    parts: (...args: Args) => Parts<Path>,
    answer: Reader<A>,
    about: About = {}
  ): Endpoint<Args, A> => ({ method, path, parts, answer, about })

export const get = endpoint("GET")
export const post = endpoint("POST")
export const put = endpoint("PUT")
export const patch = endpoint("PATCH")
/** DELETE. */
export const remove = endpoint("DELETE")

/** Whether repeating an unanswered call does no harm. */
export const isRepeatable = ({ about, method }: Described): boolean =>
  about.isRepeatable ?? (method !== "POST" && method !== "PATCH")

/** The names of the ids in a path, in order. */
export const idsOf = (path: string): ReadonlyArray<string> =>
  Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = ""]) => name)
