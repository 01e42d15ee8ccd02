/** Messages by state, what was given up on, and what no replay covered. */
import { act, get } from "./api.ts"
import { ask, attempt } from "./ask.ts"
import { byId, h, replace } from "./dom.ts"
import { count, moment, span } from "./format.ts"
import type { DeadLetter, DeadLetterPage, Gap, Queue } from "./types.ts"
import { say, t, type Word } from "./words.ts"

const head = (...words: ReadonlyArray<Word | "">): HTMLElement =>
  h("thead", {}, h("tr", {}, ...words.map((word) => h("th", { scope: "col" }, word === "" ? "" : t(word)))))

const empty = (columns: number): HTMLElement => h("tr", {}, h("td", { colspan: columns, class: "empty" }, t("none")))

const states = ["queued", "sending", "sent", "auditing", "refused", "expired", "dead", "unknown"] as const
const bad: ReadonlySet<string> = new Set(["refused", "expired", "dead", "unknown"])

export const showCounts = (queues: ReadonlyArray<Queue>): void => {
  const header = h(
    "thead",
    {},
    h(
      "tr",
      {},
      h("th", { scope: "col" }, t("account")),
      ...states.map((state) => h("th", { scope: "col" }, state)),
      h("th", { scope: "col" }, t("oldest"))
    )
  )
  const rows = queues.map(({ account, messages, oldestAge }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, account),
      ...states.map((state) => {
        const figure = messages[state] ?? 0
        return h("td", { class: `number${bad.has(state) && figure > 0 ? " bad" : ""}` }, count(figure))
      }),
      h("td", { class: "number" }, oldestAge === 0 ? "–" : span(oldestAge))
    )
  )
  replace(byId("counts"), header, h("tbody", {}, ...rows))
}

const pageSize = 10
let offset = 0
let total = 0

const button = (letter: DeadLetter, action: "requeue" | "discard"): HTMLElement => {
  const path = `/api/message-queue/dead-letters/${letter.kind}/${letter.id}`
  const run = async (): Promise<void> => {
    if (action === "discard" && (await ask(t("askDiscard"), { text: false })) === undefined) return
    await attempt(action === "requeue" ? act("POST", `${path}/requeue`) : act("DELETE", path))
    await refresh()
  }
  const label = `${t(action)}: ${t(letter.kind)} ${letter.id}`
  return h(
    "button",
    {
      type: "button",
      "aria-label": label,
      "data-key": `${action} ${letter.kind} ${letter.id}`,
      onclick: () => void run()
    },
    t(action)
  )
}

const row = (letter: DeadLetter): HTMLElement =>
  h(
    "tr",
    {},
    h(
      "td",
      {},
      h("b", {}, `${t(letter.kind)} ${letter.id}`),
      letter.status === null ? "" : ` (${letter.status})`,
      h("div", { class: "said" }, letter.text ?? "")
    ),
    h("td", { class: "place" }, letter.account, h("div", {}, `${letter.conversation.kind}:${letter.conversation.id}`)),
    h("td", {}, letter.reason),
    h("td", { class: "number" }, String(letter.attempts)),
    h("td", {}, moment(letter.at)),
    h("td", { class: "actions" }, button(letter, "requeue"), button(letter, "discard"))
  )

/** Asks for the page of dead letters that is looked at. */
export const refresh = async (): Promise<void> => {
  const page = await get<DeadLetterPage>(`/api/message-queue/dead-letters?limit=${pageSize}&offset=${offset}`)
  total = page.total
  if (page.letters.length === 0 && offset > 0) {
    offset = Math.max(0, offset - pageSize)
    return refresh()
  }
  const rows = page.letters.map(row)
  replace(
    byId("letters"),
    head("what", "where", "why", "attempts", "when", ""),
    h("tbody", {}, ...(rows.length > 0 ? rows : [empty(6)]))
  )
  const turn = (by: number) => () => {
    offset = Math.max(0, offset + by)
    void attempt(refresh())
  }
  replace(
    byId("pages"),
    h("span", {}, `${total === 0 ? 0 : offset + 1}–${offset + page.letters.length} / ${count(total)}`),
    h("button", { type: "button", "data-key": "newer", disabled: offset === 0, onclick: turn(-pageSize) }, t("newer")),
    h(
      "button",
      { type: "button", "data-key": "older", disabled: offset + pageSize >= total, onclick: turn(pageSize) },
      t("older")
    )
  )
}

export const showGaps = (gaps: ReadonlyArray<Gap>): void => {
  const rows = gaps
    .slice(0, 20)
    .map(({ account, from, stream, since, to, until, why }) =>
      h(
        "tr",
        {},
        h("td", { class: "place" }, account, h("div", {}, stream)),
        h("td", { class: "number" }, `${from ?? "?"} → ${to ?? "?"}`),
        h("td", {}, `${moment(since)} · ${span(until - since)}`),
        h("td", {}, say(why))
      )
    )
  replace(
    byId("gaps"),
    head("account", "range", "when", "why"),
    h("tbody", {}, ...(rows.length > 0 ? rows : [empty(4)]))
  )
}
