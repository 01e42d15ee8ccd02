/** What somebody was told, and how earlier processes ended. */
import { byId, h, replace, setText } from "./dom.ts"
import { clock, span } from "./format.ts"
import type { Alert, Alerts, Restarts } from "./types.ts"
import { t } from "./words.ts"

const shown = 12
const nothing = () => h("li", { class: "empty" }, t("none"))

const levelOf = ({ severity, state }: Alert): string =>
  state === "recovered" ? "healthy" : severity === "critical" ? "unhealthy" : "degraded"

export const showAlerts = ({ recent }: Alerts): void => {
  const rows = recent
    .slice(0, shown)
    .map((alert) =>
      h(
        "li",
        { "data-level": levelOf(alert) },
        h("span", { class: "level" }, t(alert.state)),
        h("b", {}, alert.subject),
        h("span", { class: "reason", title: alert.rule }, `${clock(alert.at)} ${alert.text}`)
      )
    )
  replace(byId("alerts"), ...(rows.length > 0 ? rows : [nothing()]))
}

export const showRestarts = ({ budget, history, withheld }: Restarts): void => {
  const allowed =
    budget === null ? t("noGuard") : `${t("restartBudget")} ${span(budget.window)}: ${budget.used} / ${budget.restarts}`
  setText(byId("budget"), withheld === null ? allowed : `${allowed} · ${withheld}`)
  const rows = history
    .slice(0, shown)
    .map(({ at, cause, code, detail, startedAt }) =>
      h(
        "li",
        {},
        h("b", {}, cause),
        h("span", { class: "number" }, code === null ? "" : `${t("exitCode")} ${code}`),
        h("span", { class: "reason", title: detail }, `${clock(at)} (${t("uptime")} ${span(at - startedAt)}) ${detail}`)
      )
    )
  replace(byId("restarts"), ...(rows.length > 0 ? rows : [nothing()]))
}
