/** What a person has taken over: how much waits for the end of it, and the ways into it and out of it. */
import { act, get } from "./api.ts"
import { ask, attempt } from "./ask.ts"
import { byId, h, replace } from "./dom.ts"
import { count, moment } from "./format.ts"
import type { Account, Hold } from "./types.ts"
import { t } from "./words.ts"

const pathOf = (account: string, action: "hold" | "release"): string =>
  `/api/accounts/${encodeURIComponent(account)}/${action}`

const release = async ({ account, conversation }: Hold): Promise<void> => {
  await attempt(act("POST", pathOf(account, "release"), { conversation }))
  await refresh()
}

const row = (hold: Hold): HTMLElement => {
  const { account, conversation, eventsWaiting, reason, since } = hold
  const place = conversation === null ? t("wholeAccount") : `${conversation.kind}:${conversation.id}`
  return h(
    "tr",
    {},
    h("td", { class: "place" }, account, h("div", {}, place)),
    h("td", {}, reason),
    h("td", {}, moment(since)),
    h("td", { class: "number" }, count(eventsWaiting)),
    h(
      "td",
      { class: "actions" },
      h(
        "button",
        {
          type: "button",
          "aria-label": `${t("release")}: ${account} ${place}`,
          "data-key": `release ${account} ${place}`,
          onclick: () => void release(hold)
        },
        t("release")
      )
    )
  )
}

export const show = (holds: ReadonlyArray<Hold>): void => {
  const columns = [t("where"), t("why"), t("when"), t("waiting"), ""]
  const head = h("thead", {}, h("tr", {}, ...columns.map((text) => h("th", { scope: "col" }, text))))
  const rows = holds.map(row)
  const none = h("tr", {}, h("td", { colspan: columns.length, class: "empty" }, t("none")))
  replace(byId("holds"), head, h("tbody", {}, ...(rows.length > 0 ? rows : [none])))
}

const refresh = async (): Promise<void> => show(await get<ReadonlyArray<Hold>>("/api/holds"))

const select = (id: string): HTMLSelectElement => byId(id) as HTMLSelectElement

/** The accounts that can be chosen; what is chosen stays. */
export const showAccounts = (accounts: ReadonlyArray<Account>): void => {
  const list = select("hold-account")
  const names = accounts.map(({ account }) => account)
  if (Array.from(list.options, ({ value }) => value).join("\n") === names.join("\n")) return
  list.replaceChildren(...names.map((name) => h("option", { value: name }, name)))
  ;(byId("hold") as HTMLButtonElement).disabled = names.length === 0
}

const takeOver = async (id: HTMLInputElement): Promise<void> => {
  const kind = select("hold-kind").value
  const reason = await ask(t("askHold"), { text: true })
  if (reason === undefined) return
  const conversation = kind === "" ? null : { kind, id: id.value.trim() }
  await attempt(act("POST", pathOf(select("hold-account").value, "hold"), { conversation, reason }))
  id.value = ""
  await refresh()
}

/** Makes the form work; once. */
export const start = (): void => {
  const id = byId("hold-id") as HTMLInputElement
  const kind = select("hold-kind")
  const adjust = (): void => {
    id.disabled = kind.value === ""
    id.required = !id.disabled
  }
  kind.addEventListener("change", adjust)
  adjust()
  byId("take-over").addEventListener("submit", (event) => {
    event.preventDefault()
    void attempt(takeOver(id))
  })
}
