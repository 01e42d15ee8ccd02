/** Time spans of milliseconds, in words. */
import { Duration } from "effect"

/** No time at all has a unit, too. */
export const span = (millis: number): string =>
  Math.round(millis) === 0 ? "0s" : Duration.format(Duration.millis(Math.round(millis)))

/** The same in whole seconds. */
export const seconds = (millis: number): string => span(Math.floor(millis / 1000) * 1000)
