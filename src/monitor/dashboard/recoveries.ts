/** Outages, newest first: what broke, the rungs that were climbed, and how long it took. */
import { byId, h, replace } from "./dom.ts"
import { clock, span } from "./format.ts"
import type { Recovery } from "./types.ts"
import { say, t } from "./words.ts"

const nameOf = (step: string): string =>
  step === "resume" ? t("resumeStep") : step === "failed" ? t("failedStep") : say(step)

const shown = 12

/** Steps that repeat are one, with how often. */
const grouped = (
  steps: Recovery["steps"]
): ReadonlyArray<{ readonly step: Recovery["steps"][number]; readonly times: number }> => {
  const groups: Array<{ step: Recovery["steps"][number]; times: number }> = []
  for (const step of steps) {
    const last = groups.at(-1)
    if (last?.step.step === step.step && last.step.isPassed === step.isPassed) last.times++
    else groups.push({ step, times: 1 })
  }
  return groups
}

const row = (recovery: Recovery): HTMLElement => {
  const { account, cause, endedAt, lostAt, outcome, reason, shard, steps } = recovery
  const end = outcome === null ? t("ongoing") : t(outcome)
  const took = endedAt === null ? "" : ` · ${t("tookOver")} ${span(endedAt - lostAt)}`
  return h(
    "li",
    { class: "recovery", "data-outcome": outcome ?? "open" },
    h(
      "div",
      { class: "head" },
      h("time", {}, clock(lostAt)),
      h("b", {}, `${account} ${t("shard")} ${shard}`),
      h("span", { class: "reason" }, reason)
    ),
    h(
      "ol",
      { class: "ladder" },
      h("li", { class: "rung cause", title: reason }, cause),
      ...grouped(steps).map(({ step, times }) =>
        h(
          "li",
          {
            class: `rung${step.isPassed ? " passed" : ""}${step.step === "failed" ? " bad" : ""}`,
            title: step.isPassed ? t("passed") : (step.why ?? "")
          },
          `${nameOf(step.step)}${times > 1 ? ` ×${times}` : ""}`
        )
      ),
      h("li", { class: `rung end ${outcome ?? "open"}` }, `${end}${took}`)
    )
  )
}

export const show = (recoveries: ReadonlyArray<Recovery>): void => {
  const rows = recoveries.slice(0, shown).map(row)
  replace(byId("recoveries"), ...(rows.length > 0 ? rows : [h("li", { class: "empty" }, t("none"))]))
}
