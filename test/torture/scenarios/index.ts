/** All scenarios, in the order in which they run. */
import type { Scenario } from "../Stage.ts"
import * as damage from "./damage.ts"
import * as disk from "./disk.ts"
import * as limits from "./limits.ts"
import * as signals from "./signals.ts"

export const scenarios: ReadonlyArray<Scenario> = [
  signals.kill,
  signals.freeze,
  signals.poison,
  signals.clock,
  disk.full,
  disk.readOnly,
  disk.locked,
  damage.database,
  damage.log,
  damage.state,
  limits.files,
  limits.memory
]
