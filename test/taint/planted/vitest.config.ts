import { defineConfig, mergeConfig } from "vitest/config"
import base from "../../../vitest.config.ts"

// Not merged, because that would add to the lists: only the leaky suite, and no summary of its own.
export default mergeConfig(
  { ...base, test: {} },
  defineConfig({
    test: { include: ["test/taint/planted/leaky.ts"], setupFiles: ["test/taint/setup.ts"], maxWorkers: 1 }
  })
)
