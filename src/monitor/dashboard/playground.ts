/** On a simulated platform: a chat with the bot, and a panel to break things. */
import { act, get } from "./api.ts"
import { attempt } from "./ask.ts"
import { byId, h, replace, setText } from "./dom.ts"
import type { Playground } from "./types.ts"
import { isWord, language, t } from "./words.ts"

let last = 0
let shownIn = ""

const showFaults = (faults: Playground["faults"]): void => {
  if (shownIn === language()) return
  shownIn = language()
  const inject = (name: string) => () => void attempt(act("POST", "/api/playground/fault", { name }))
  const buttons = faults.map(({ name, title }) =>
    h(
      "button",
      { type: "button", "data-fault": name, class: name === "plug" ? "danger" : "", onclick: inject(name) },
      isWord(name) ? t(name) : title
    )
  )
  replace(byId("faults"), ...buttons)
}

const showVerdict = (verdict: Playground["verdict"]): void => {
  const promises = ["lost", "duplicated", "outOfOrder"] as const
  replace(
    byId("verdict"),
    h("span", {}, `${t("said")} ${verdict.said} · ${t("answered")} ${verdict.answered}`),
    ...promises.map((name) =>
      h("span", { class: verdict[name] === 0 ? "good" : "bad", "data-verdict": name }, `${t(name)} ${verdict[name]}`)
    )
  )
}

const showLines = (lines: Playground["lines"]): void => {
  const chat = byId("chat")
  for (const { from, id, text } of lines) {
    last = Math.max(last, id)
    chat.append(h("li", { class: from }, text))
  }
  while (chat.childElementCount > 200) chat.firstElementChild?.remove()
  if (lines.length > 0) chat.scrollTop = chat.scrollHeight
}

const look = async (): Promise<void> => {
  const { faults, lines, verdict } = await get<Playground>(`/api/playground?after=${last}`)
  showFaults(faults)
  showVerdict(verdict)
  showLines(lines)
}

/** Shows the panel and keeps it up to date. */
export const start = (): void => {
  const panel = byId("playground")
  if (!panel.hidden) return
  panel.hidden = false
  const input = byId("utterance") as HTMLInputElement
  byId("say").addEventListener("submit", (event) => {
    event.preventDefault()
    const text = input.value.trim()
    if (text === "") return
    input.value = ""
    void attempt(act("POST", "/api/playground/say", { text }).then(look))
  })
  const turn = (): void => {
    look()
      .catch(() => setText(byId("verdict"), t("offline")))
      .finally(() => setTimeout(turn, 500))
  }
  turn()
}
