/** Which methods an address of the API takes: who uses another one is told so, instead of that there is nothing. */
import { HttpApi } from "effect/http-api"
import { MonitorApi } from "./Api.ts"

interface Route {
  readonly parts: ReadonlyArray<string>
  readonly method: string
}

const partsOf = (path: string): ReadonlyArray<string> => path.split("/")

const routes = (): ReadonlyArray<Route> => {
  const found: Array<Route> = []
  HttpApi.reflect(MonitorApi, {
    onGroup: () => {},
    onEndpoint: ({ endpoint: { method, path } }) => found.push({ parts: partsOf(path), method })
  })
  return found
}

const all = routes()

/** The methods of this path, each once; none where the API has nothing. */
export const methodsAt = (path: string): ReadonlyArray<string> => {
  const parts = partsOf(path)
  const isThere = (route: Route) =>
    route.parts.length === parts.length &&
    route.parts.every((part, n) => part === parts[n] || (part.startsWith(":") && parts[n] !== ""))
  return Array.from(new Set(all.filter(isThere).map(({ method }) => method)))
}
