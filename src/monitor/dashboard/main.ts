/** Starts the page: the token, the language, the colours, and then everything that is shown. */
import { follow, forgetToken, get, Refused, takeToken, useToken } from "./api.ts"
import { attempt } from "./ask.ts"
import * as Charts from "./charts.ts"
import * as Connections from "./connections.ts"
import { byId, setText } from "./dom.ts"
import * as Holds from "./holds.ts"
import * as Operations from "./operations.ts"
import * as Panels from "./panels.ts"
import * as PlaygroundPanel from "./playground.ts"
import * as Queues from "./queue.ts"
import * as Recoveries from "./recoveries.ts"
import type {
  Alerts,
  Connection,
  Errors,
  Gap,
  Health,
  Hold,
  LiveEvent,
  Queue,
  Recovery,
  Restarts,
  Sample,
  Status
} from "./types.ts"
import { startLanguage, switchLanguage, t } from "./words.ts"

let status: Status | undefined
let knownLetters = -1

const refreshConnections = async (): Promise<void> => {
  const [latest, connections, recoveries] = await Promise.all([
    get<Status>("/api/status"),
    get<ReadonlyArray<Connection>>("/api/connections"),
    get<ReadonlyArray<Recovery>>("/api/recoveries")
  ])
  status = latest
  Connections.show(connections, latest.accounts, soon)
  Recoveries.show(recoveries)
  Panels.showProcess(latest.process)
  // It moves what is below, so it is there before anything below can be clicked.
  if (latest.features.includes("playground")) PlaygroundPanel.start()
  Holds.showAccounts(latest.accounts)
}

const refreshRest = async (): Promise<void> => {
  const [health, queues, errors, gaps, alerts, restarts, holds] = await Promise.all([
    get<Health>("/api/health"),
    get<ReadonlyArray<Queue>>("/api/message-queue"),
    get<Errors>("/api/errors"),
    get<ReadonlyArray<Gap>>("/api/gaps"),
    get<Alerts>("/api/alerts"),
    get<Restarts>("/api/restarts"),
    get<ReadonlyArray<Hold>>("/api/holds")
  ])
  Panels.showHealth(health)
  Panels.showErrors(errors)
  Operations.showAlerts(alerts)
  Operations.showRestarts(restarts)
  Queues.showCounts(queues)
  Queues.showGaps(gaps)
  Holds.show(holds)
  // The list of dead letters is asked for again only when it changed: it is read, and clicked in.
  const letters = queues.reduce((sum, { deadLetters }) => sum + deadLetters, 0)
  if (letters !== knownLetters) await Queues.refresh()
  knownLetters = letters
}

let isDue = false

/** Looks again in a moment: several changes at once are one look. */
const soon = (): void => {
  if (isDue) return
  isDue = true
  setTimeout(() => {
    isDue = false
    void refreshConnections().catch(() => undefined)
  }, 120)
}

const heard = (events: ReadonlyArray<LiveEvent>): void => {
  for (const event of events) {
    if (event._tag === "Measured") Charts.add(event.sample)
    else if (event._tag === "Missed") Panels.addMissed(event.count)
    else {
      Panels.addNews(event)
      Connections.heard(event)
      if (/^(HealthChanged|GapRecorded|Hold)/.test(event.kind)) void refreshRest().catch(() => undefined)
      if (/^(ConnectionChanged|RungClimbed|Intake)/.test(event.kind)) soon()
    }
  }
}

const connected = (isConnected: boolean): void => {
  const badge = byId("stream")
  badge.dataset["live"] = String(isConnected)
  setText(badge, t(isConnected ? "live" : "offline"))
  if (isConnected) void Promise.all([refreshConnections(), refreshRest()]).catch(() => undefined)
}

const showLogin = (problem: string): void => {
  byId("app").hidden = true
  byId("login").hidden = false
  setText(byId("problem"), problem)
  byId("token").focus()
}

const rewrite = (): void => {
  Connections.clear()
  // By itself: a look that is under way would take the letters for shown, in the language before.
  void Queues.refresh().catch(() => undefined)
  Charts.redraw()
  connected(byId("stream").dataset["live"] === "true")
  if (status !== undefined) Panels.showLevel(status.level)
}

const open = async (token: string): Promise<void> => {
  if (token === "") return showLogin("")
  useToken(token)
  try {
    status = await get<Status>("/api/status")
  } catch (error) {
    forgetToken()
    return showLogin(error instanceof Refused && error.status !== 401 ? error.message : t("wrongToken"))
  }
  byId("login").hidden = true
  byId("app").hidden = false
  Panels.showLevel(status.level)
  Charts.begin(await get<ReadonlyArray<Sample>>("/api/series"))
  setInterval(() => Connections.tick(), 1000)
  setInterval(() => void refreshRest().catch(() => undefined), 5000)
  setInterval(soon, 5000)
  await follow(heard, connected).catch(() => showLogin(t("wrongToken")))
}

const themeKey = "everbot-monitor-theme"
const themes: ReadonlyArray<string> = ["auto", "light", "dark"]

const setTheme = (theme: string): void => {
  document.documentElement.dataset["theme"] = theme
  localStorage.setItem(themeKey, theme)
  byId("theme").setAttribute("aria-label", `${t("theme")}: ${theme}`)
  setText(byId("theme"), { auto: "◐", light: "☀", dark: "☾" }[theme] ?? "◐")
}

startLanguage()
Holds.start()
setTheme(localStorage.getItem(themeKey) ?? "auto")
byId("theme").addEventListener("click", () => {
  const now = document.documentElement.dataset["theme"] ?? "auto"
  setTheme(themes[(themes.indexOf(now) + 1) % themes.length] ?? "auto")
  Charts.redraw()
})
byId("language").addEventListener("click", () => {
  switchLanguage()
  rewrite()
})
byId("sign-out").addEventListener("click", () => {
  forgetToken()
  location.reload()
})
byId("login-form").addEventListener("submit", (event) => {
  event.preventDefault()
  void open((byId("token") as HTMLInputElement).value.trim())
})
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => Charts.redraw())
let resizing: ReturnType<typeof setTimeout> | undefined
addEventListener("resize", () => {
  clearTimeout(resizing)
  resizing = setTimeout(() => Charts.redraw(), 200)
})
void attempt(open(takeToken()))
