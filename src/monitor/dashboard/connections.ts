/** The map of connections: a card for each account and shard, with its state, since when, why, and how it got there. */
import { act } from "./api.ts"
import { ask, attempt, notify } from "./ask.ts"
import { byId, h, setText } from "./dom.ts"
import { clock, span } from "./format.ts"
import type { Account, Connection, News, State, Transition } from "./types.ts"
import { t } from "./words.ts"

interface Card {
  readonly root: HTMLElement
  readonly state: HTMLElement
  readonly since: HTMLElement
  readonly why: HTMLElement
  readonly facts: HTMLElement
  readonly path: HTMLElement
  readonly pause: HTMLButtonElement
  isPaused: boolean
  shown: State
  changedAt: number
}

const cards = new Map<string, Card>()
const keyOf = (account: string, shard: number): string => `${account}/${shard}`

const restart = async (account: string, shard: number, isOnly: boolean): Promise<void> => {
  const reason = await ask(t("askRestart"), { text: true })
  if (reason === undefined) return
  const target = isOnly ? { kind: "account", account } : { kind: "shard", account, shard }
  await attempt(
    act("POST", "/api/restart", { target, reason }).then(() => notify(`${t("restart")}: ${account}`, "good"))
  )
}

const pauseOrResume = async (account: string, isPaused: boolean): Promise<void> => {
  const path = `/api/accounts/${encodeURIComponent(account)}`
  if (isPaused) return attempt(act("POST", `${path}/resume`))
  const reason = await ask(t("askPause"), { text: true })
  if (reason !== undefined) await attempt(act("POST", `${path}/pause`, { reason }))
}

const make = ({ account, shard, state, since }: Connection, isOnly: boolean, changed: () => void): Card => {
  const parts = {
    state: h("span", { class: "state", "data-testid": "state" }),
    since: h("span", { class: "since" }),
    why: h("p", { class: "why" }),
    facts: h("p", { class: "facts" }),
    path: h("ol", { class: "path" }),
    pause: h("button", { type: "button", onclick: () => void pauseOrResume(account, card.isPaused).then(changed) })
  }
  const title = isOnly ? account : `${account} · ${t("shard")} ${shard}`
  const root = h(
    "article",
    { class: "card connection", "aria-label": title },
    h("header", {}, h("h3", {}, title), parts.state, parts.since),
    parts.why,
    parts.path,
    h(
      "footer",
      {},
      parts.facts,
      h("button", { type: "button", onclick: () => void restart(account, shard, isOnly) }, t("restart")),
      parts.pause
    )
  )
  const card: Card = { ...parts, root, isPaused: false, shown: state, changedAt: since }
  return card
}

const paint = (card: Card, state: State, since: number): void => {
  card.shown = state
  card.changedAt = since
  setText(card.state, t(state))
  card.state.dataset["state"] = state
  card.root.dataset["state"] = state
}

/** The latest states; attempts in a row are one, with how many. */
const showPath = (card: Card, { history }: Connection): void => {
  const groups: Array<{ readonly last: Transition; times: number }> = []
  for (const last of history) {
    if (last.to === "Connecting") continue
    const before = groups.at(-1)
    if (before?.last.to === last.to) groups[groups.length - 1] = { last, times: before.times + 1 }
    else groups.push({ last, times: 1 })
  }
  const steps = groups
    .slice(-8)
    .map(({ last: { at, to, why }, times }) =>
      h(
        "li",
        { "data-state": to, title: `${clock(at)} ${t(to)}${why === null ? "" : `: ${why}`}` },
        `${t(to)}${times > 1 ? ` ×${times}` : ""}`
      )
    )
  card.path.replaceChildren(...steps)
}

/** Shows how all connections stand. `changed` is called when a person changed something. */
export const show = (
  connections: ReadonlyArray<Connection>,
  accounts: ReadonlyArray<Account>,
  changed: () => void
): void => {
  const known = new Set<string>()
  for (const connection of connections) {
    const key = keyOf(connection.account, connection.shard)
    known.add(key)
    const isOnly = connections.filter(({ account }) => account === connection.account).length === 1
    const card = cards.get(key) ?? make(connection, isOnly, changed)
    if (!cards.has(key)) {
      cards.set(key, card)
      byId("connections").append(card.root)
    }
    const account = accounts.find(({ account }) => account === connection.account)
    card.isPaused = account?.pausedBecause !== null && account !== undefined
    paint(card, connection.state, connection.since)
    showPath(card, connection)
    const paused = account?.isPaused
      ? `${t("paused")}${account.pausedBecause === null ? "" : `: ${account.pausedBecause}`}`
      : ""
    const gaveUp = account?.failure ? `${t("gaveUp")}: ${account.failure}` : ""
    setText(card.why, [gaveUp || (connection.why ?? ""), paused].filter((text) => text !== "").join(" · "))
    const beat = connection.heartbeatRoundTrip
    setText(
      card.facts,
      `${t("sessions")} ${connection.sessions}${beat === null ? "" : ` · ${t("roundTrip")} ${span(beat)}`}`
    )
    setText(card.pause, card.isPaused ? t("resume") : t("pause"))
  }
  for (const [key, card] of cards) {
    if (known.has(key)) continue
    card.root.remove()
    cards.delete(key)
  }
  tick()
}

/** A change that was just heard: shown before anything is asked for. */
export const heard = ({ account, shard, state, at }: News): void => {
  const card = account === null || shard === null ? undefined : cards.get(keyOf(account, shard))
  if (card !== undefined && state !== null) paint(card, state, at)
}

/** Once a second: for how long. */
export const tick = (): void => {
  for (const card of cards.values()) setText(card.since, `${t("since")} ${span(Date.now() - card.changedAt)}`)
}

/** Forgets the cards, e.g. to write them in another language. */
export const clear = (): void => {
  cards.clear()
  byId("connections").replaceChildren()
}
