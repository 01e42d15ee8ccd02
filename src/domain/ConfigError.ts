/** A setting is missing or malformed. Names the setting, what is wrong with it, and the mend; never its value. */
import { Data } from "effect"

export class Missing extends Data.TaggedError("Missing") {
  readonly isRetryable = false as const
}

export class Malformed extends Data.TaggedError("Malformed")<{ readonly problem: string }> {
  readonly isRetryable = false as const
}

export type Reason = Missing | Malformed

export class ConfigError extends Data.TaggedError("ConfigError")<{
  /** The environment variable or option. */
  readonly setting: string
  readonly reason: Reason
  /** One sentence: what to do. */
  readonly mend: string
}> {
  readonly isRetryable = false as const
  override get message() {
    const problem = this.reason._tag === "Missing" ? "is not set" : this.reason.problem
    return `${this.setting} ${problem}. ${this.mend}`
  }
}
