/** What alerts there are and were: written by `Alerts`, read by the API; one for both wherever they stand in an app. */
import { Context, Layer } from "effect"
import { Ring } from "../record/Ring.ts"
import type { Alert } from "./Alert.ts"

export class AlertBook extends Context.Service<
  AlertBook,
  {
    /** What is wrong now, by the rules; set by who judges. */
    active: () => ReadonlyArray<Alert>
    /** What was told lately, oldest first. */
    readonly recent: Ring<Alert>
    /** Alerts that found the queue of their sink full. */
    dropped: number
  }
>()("everbot/monitor/AlertBook") {
  static readonly layer = Layer.sync(this, () => ({ active: () => [], recent: new Ring<Alert>(100), dropped: 0 }))
}
