/** Runs seeds for the fleet: a message asks for one, of the bot as it is or with a bug in it, and one answers. */
import { simulation } from "./sabotage.ts"

export interface Job {
  readonly seed: number
  readonly mutant?: string | undefined
}

const work = async ({ mutant, seed }: Job): Promise<void> => {
  const { planOf, run } = await simulation(mutant)
  process.send?.({ ...run(planOf(seed)), lines: [] })
}

process.on("message", (job: Job) => void work(job))
process.on("disconnect", () => process.exit(0))
process.send?.("ready")
