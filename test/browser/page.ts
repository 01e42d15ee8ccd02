/** A browser to look at pages with: the system's Chromium, without a window and without any errand of its own. */
import { existsSync } from "node:fs"
import { Effect } from "effect"
import { type Browser, chromium, type Page } from "playwright-core"

export const executable = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium"
export const isInstalled = existsSync(executable)

const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

const browser = Effect.acquireRelease(
  Effect.promise(() => chromium.launch({ executablePath: executable, args: flags })),
  (browser) => Effect.promise(() => browser.close())
)

export interface Watched {
  readonly page: Page
  /** Addresses it asked for, and what went wrong in it: scripts, policies, files that are not there. */
  readonly asked: ReadonlyArray<string>
  readonly problems: ReadonlyArray<string>
}

const watch = async (browser: Browser): Promise<Watched> => {
  const page = await browser.newPage({ viewport: { width: 1366, height: 900 }, locale: "en-US", colorScheme: "light" })
  const asked: Array<string> = []
  const problems: Array<string> = []
  page.on("request", (request) => void asked.push(request.url()))
  page.on("pageerror", (error) => void problems.push(error.message))
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text())
  })
  return { page, asked, problems }
}

/** A page in a browser of its own, until the scope closes. */
export const open = Effect.flatMap(browser, (browser) => Effect.promise(() => watch(browser)))

/** Something the browser does, as an Effect: its failure is a failed test, with what Playwright says. */
export const does = <A>(run: () => Promise<A>): Effect.Effect<A> => Effect.promise(run)

/** Keeps a picture where `EVERBOT_SCREENSHOTS` names a directory: for people to look at. */
export const picture = (page: Page, name: string): Effect.Effect<void> =>
  Effect.promise(async () => {
    const directory = process.env["EVERBOT_SCREENSHOTS"]
    if (directory !== undefined) await page.screenshot({ path: `${directory}/${name}.png`, fullPage: true })
  })
