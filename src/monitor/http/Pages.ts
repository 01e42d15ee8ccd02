/**
 * The dashboard's files, read once and served from memory: a name that is not in the list is nowhere, so no path leads
 * out of it. They hold no data and no secret, so they need no token; what they show they ask the API for, with one.
 *
 * In a checkout the scripts are still TypeScript: Node takes the types out, as it does for its own.
 */
import { readdirSync, readFileSync } from "node:fs"
import { createRequire, stripTypeScriptTypes } from "node:module"
import { extname } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

interface File {
  readonly body: string
  readonly contentType: string
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".ts": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml"
}

/** Node warns of an experiment; who runs a checkout need not know. */
const withoutWarnings = <A>(run: () => A): A => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return run()
  } finally {
    process.emitWarning = emitWarning
  }
}

const script = (text: string, extension: string): string =>
  extension === ".ts"
    ? withoutWarnings(() => stripTypeScriptTypes(text)).replace(/(from\s+"\.\/[^"]+)\.ts"/g, '$1.js"')
    : text

const read = (): ReadonlyMap<string, File> => {
  const directory = new URL("../dashboard/", import.meta.url)
  const files = new Map<string, File>()
  for (const name of readdirSync(fileURLToPath(directory))) {
    const extension = extname(name)
    const contentType = types[extension]
    if (contentType === undefined || name.endsWith(".d.ts")) continue
    const body = script(readFileSync(new URL(name, directory), "utf8"), extension)
    files.set(extension === ".ts" ? name.replace(/\.ts$/, ".js") : name, { body, contentType })
  }
  const require = createRequire(import.meta.url)
  for (const [name, path] of [
    ["uPlot.js", "uplot/dist/uPlot.esm.js"],
    ["uPlot.css", "uplot/dist/uPlot.min.css"]
  ] as const) {
    const contentType = types[extname(name)] ?? ""
    files.set(name, { body: readFileSync(require.resolve(path), "utf8"), contentType })
  }
  return files
}

const respond = ({ body, contentType }: File) => HttpServerResponse.text(body, { contentType })

/** `/` is the dashboard, `/dashboard/<name>` its files. */
export const layer = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    for (const [name, file] of yield* Effect.sync(read)) {
      const answer = Effect.succeed(respond(file))
      if (name === "index.html") yield* router.add("GET", "/", answer)
      else yield* router.add("GET", `/dashboard/${name}`, answer)
    }
  })
)
