/** The dashboard's files: all there, from here alone, and reading what the API tells. */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as Page from "../../../src/monitor/dashboard/types.ts"
import type * as Commands from "../../../src/monitor/http/Commands.ts"
import type { LiveEvent } from "../../../src/monitor/http/EventSchema.ts"
import type * as Schemas from "../../../src/monitor/http/Schemas.ts"
import { start } from "../../cli/child.ts"
import { call, served } from "./served.ts"

/** Compiles only while an answer of the API is what the page takes it for. */
type Fits<Wire extends Shown, Shown> = Wire extends Shown ? true : never
const fits: readonly [
  Fits<typeof Schemas.Status.Type, Page.Status>,
  Fits<typeof Schemas.Health.Type, Page.Health>,
  Fits<typeof Schemas.Connection.Type, Page.Connection>,
  Fits<typeof Schemas.Recovery.Type, Page.Recovery>,
  Fits<typeof Schemas.Gap.Type, Page.Gap>,
  Fits<typeof Schemas.Errors.Type, Page.Errors>,
  Fits<typeof Schemas.Sample.Type, Page.Sample>,
  Fits<typeof Commands.Queue.Type, Page.Queue>,
  Fits<typeof Commands.Hold.Type, Page.Hold>,
  Fits<typeof Commands.DeadLetterPage.Type, Page.DeadLetterPage>,
  Fits<LiveEvent, Page.LiveEvent>
] = [true, true, true, true, true, true, true, true, true, true, true]

/** Every file that the page, its scripts and its styles ask for, from `/` on. */
const crawl = Effect.gen(function* () {
  const found = new Map<string, string>()
  const left = ["/"]
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (found.has(path)) continue
    const { headers, status, text } = yield* call(path, { token: undefined })
    assert.strictEqual(status, 200, path)
    found.set(path, String(headers["content-type"]))
    const links = text.matchAll(/(?:href|src)="(\/dashboard\/[^"]+)"|from\s*"(\.\/[^"]+)"/g)
    if (!path.endsWith("uPlot.js"))
      for (const [, absolute, relative] of links) left.push(absolute ?? `/dashboard/${relative?.slice(2)}`)
    // The library names its home in a comment.
    if (path.endsWith("uPlot.js")) continue
    const elsewhere = Array.from(text.matchAll(/https?:\/\/[^\s"')]+/g), ([url]) => url)
    assert.deepStrictEqual(
      elsewhere.filter((url) => !url.startsWith("http://www.w3.org/")),
      [],
      path
    )
  }
  return found
})

describe("the dashboard's files", () => {
  it("take the API's answers for what they are", () => {
    assert.isTrue(fits.every((fit) => fit))
  })

  it.live("are all served, without a token, and ask nobody else for anything", () =>
    Effect.gen(function* () {
      const files = yield* crawl
      assert.isAtLeast(files.size, 15)
      assert.include(files.get("/"), "text/html")
      assert.include(files.get("/dashboard/main.js"), "text/javascript")
      assert.include(files.get("/dashboard/uPlot.js"), "text/javascript")
      assert.include(files.get("/dashboard/style.css"), "text/css")
    }).pipe(Effect.provide(served().layer))
  )

  const built = fileURLToPath(new URL("../../../dist/monitor/index.js", import.meta.url))

  it.live.skipIf(!existsSync(built))("are in the built package as well", () =>
    Effect.gen(function* () {
      const child = yield* start(["test/monitor/http/packaged.mjs"])
      assert.strictEqual(yield* child.exit, 0, child.output())
      assert.include(child.output(), "/dashboard/main.js 200 text/javascript")
      assert.include(child.output(), "/dashboard/connections.js 200 text/javascript")
      assert.include(child.output(), "/dashboard/style.css 200 text/css")
    }).pipe(Effect.scoped)
  )
})
