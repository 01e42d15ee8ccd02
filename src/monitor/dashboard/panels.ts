/** The smaller panels: the bot's level, its checks, errors, news and process. */
import { byId, h, replace, setText } from "./dom.ts"
import { clock, count, mebibytes, span } from "./format.ts"
import type { Errors, Health, Level, News, Process } from "./types.ts"
import { t } from "./words.ts"

export const showLevel = (level: Level): void => {
  const badge = byId("level")
  setText(badge, t(level))
  badge.dataset["level"] = level
  document.title = `${level === "healthy" ? "●" : "▲"} everbot · ${t(level)}`
}

export const showHealth = ({ accounts, checks, level }: Health): void => {
  showLevel(level)
  const all = [...checks, ...accounts.flatMap((one) => one.checks)]
  const rows = all.map(({ account, level, name, reason, since }) =>
    h(
      "li",
      { "data-level": level },
      h("span", { class: "level" }, t(level)),
      h("b", {}, account === null ? name : `${account} ${name}`),
      h(
        "span",
        { class: "reason" },
        level === "healthy" ? (reason ?? "") : `${reason ?? ""} · ${t("since")} ${span(Date.now() - since)}`
      )
    )
  )
  replace(byId("checks"), ...rows)
}

export const showProcess = ({ everbot, heapUsed, memoryLimit, node, pid, rss, uptime }: Process): void => {
  const memory = `${mebibytes(rss)}${memoryLimit === null ? "" : ` / ${mebibytes(memoryLimit)}`} (heap ${mebibytes(heapUsed)})`
  setText(
    byId("process"),
    `everbot ${everbot} · Node ${node} · pid ${pid} · ${t("uptime")} ${span(uptime)} · ${memory}`
  )
}

export const showErrors = ({ reasons }: Errors): void => {
  const most = Math.max(1, ...reasons.map(({ count }) => count))
  const rows = reasons
    .slice(0, 10)
    .map(({ count: times, latest, latestAt, reason }) =>
      h(
        "li",
        {},
        h("b", {}, reason),
        h("meter", { min: 0, max: most, value: times, "aria-label": `${reason} ${times}` }),
        h("span", { class: "number" }, count(times)),
        h("span", { class: "reason", title: latest }, `${clock(latestAt)} ${latest}`)
      )
    )
  replace(byId("errors"), ...(rows.length > 0 ? rows : [h("li", { class: "empty" }, t("none"))]))
}

const kept = 100

/** News, newest first. What is only of use to a debugger is not shown. */
export const addNews = (news: News): void => {
  if (news.severity === "debug") return
  const list = byId("news")
  list.querySelector(".empty")?.remove()
  const who = news.account === null ? "" : ` ${news.account}`
  list.prepend(
    h(
      "li",
      { "data-severity": news.severity },
      h("time", {}, clock(news.at)),
      h("span", { class: "who" }, who),
      h("span", {}, news.text)
    )
  )
  while (list.childElementCount > kept) list.lastElementChild?.remove()
}

export const addMissed = (missed: number): void => {
  byId("news").prepend(h("li", { "data-severity": "warn" }, `${count(missed)} ${t("missed")}`))
}
