/** Paths of the REST API: ids come from outside and may hold anything. */

/**
 * A path with every id encoded.
 *
 * @example path`/v2/groups/${openid}/messages`
 */
export const path = (parts: TemplateStringsArray, ...ids: ReadonlyArray<string>): string =>
  parts.reduce((whole, part, at) => whole + encode(ids[at - 1] ?? "") + part)

// A lone surrogate has no encoding; a segment of one or two dots would climb, encoded or not: encoded twice it is merely an id that does not exist.
export const encode = (id: string): string =>
  id === "." || id === ".." ? id.replaceAll(".", "%252E") : encodeURIComponent(id.replace(/\p{Surrogate}/gu, "\uFFFD"))
