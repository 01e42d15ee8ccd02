/** Time spans of milliseconds, in words. */
import { Duration } from "effect"

export const span = (millis: number): string => Duration.format(Duration.millis(Math.round(millis)))

/** The same in whole seconds. */
export const seconds = (millis: number): string => span(Math.floor(millis / 1000) * 1000)
