/** Makes a failing plan shorter: leaves out kinds of trouble, then ever smaller parts, as long as it still fails the same way. */
import type { Violation } from "./Evidence.ts"
import type { Event, Plan } from "./Plan.ts"
import type { Simulation } from "./sabotage.ts"

/** Runs at the most. */
const budget = 250

const kindOf = (event: Event): string =>
  event.kind === "say" ? `say ${event.account}` : event.kind === "fault" ? event.trouble : event.kind

export const shrink = ({ run }: Pick<Simulation, "run">, plan: Plan, violation: Violation): Plan => {
  let left = budget
  let best = plan.events
  let { setting } = plan
  const fails = (events: ReadonlyArray<Event>, world = setting): boolean => {
    if (left-- <= 0) return false
    return run({ setting: world, events }).violations.some(({ promise }) => promise === violation.promise)
  }
  const tryWithout = (isOut: (event: Event, index: number) => boolean): boolean => {
    const rest = best.filter((event, index) => !isOut(event, index))
    if (rest.length === best.length || !fails(rest)) return false
    best = rest
    return true
  }
  // What the bot does unasked.
  for (const less of [{ hasAnnouncer: false }, { hasObserver: false }]) {
    const smaller = { ...setting, ...less }
    if (fails(best, smaller)) setting = smaller
  }
  // The end, by halves.
  for (let size = Math.ceil(best.length / 2); size >= 1 && best.length > 1; size = Math.floor(size / 2)) {
    while (tryWithout((_, index) => index >= best.length - size)) {}
  }
  for (const kind of new Set(best.map(kindOf))) tryWithout((event) => kindOf(event) === kind)
  // Delta debugging: every part of a size, then of half the size.
  for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.length; ) {
      if (!tryWithout((_, index) => index >= from && index < from + size)) from += size
    }
    if (left <= 0) break
  }
  return { setting, events: best }
}
