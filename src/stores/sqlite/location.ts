/** Which file a name means. Runs in both threads. */
import { realpathSync } from "node:fs"

/** The file behind a path or a `file:` URI and its symbolic links; `undefined` when the database is in memory. */
export const fileOf = (filename: string): string | undefined => {
  const [, uri, query = ""] = /^file:(?:\/\/[^/?#]*)?([^?#]*)(.*)$/.exec(filename) ?? []
  const path = uri === undefined ? filename : decodeURIComponent(uri)
  if (path === "" || path === ":memory:" || query.includes("mode=memory")) return undefined
  try {
    return realpathSync(path)
  } catch {
    // Not there yet: its first opener makes it.
    return path
  }
}
