import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { LongestFirst } from "./test/fixtures/LongestFirst.ts"

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^everbot$/, replacement: source("index.ts") },
      { find: /^everbot\/qq$/, replacement: source("platforms/qq/index.ts") },
      { find: /^everbot\/sqlite$/, replacement: source("sqlite.ts") },
      { find: /^everbot\/monitor$/, replacement: source("monitor/index.ts") },
      { find: /^everbot\/simulator$/, replacement: source("simulator/index.ts") },
      { find: /^everbot\/testing$/, replacement: source("testing/index.ts") }
    ]
  },
  test: {
    include: ["test/**/*.test.ts"],
    // Watches every suite for secrets that leave the code, and says at the end what it has looked at.
    setupFiles: ["test/taint/setup.ts"],
    globalSetup: ["test/taint/book.ts", "test/fixtures/compiled.ts"],
    // Many tests wait for sockets and processes, so two at a time pay even on two cores; a third would take their time.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000
  }
})
