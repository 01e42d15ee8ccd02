import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { LongestFirst, longest } from "./test/fixtures/LongestFirst.ts"

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

/**
 * Suites of units, which leave nothing behind: they share processes, so that each need not load everything anew. What
 * they import is loaded once for all of them, so it may keep nothing of a suite; the stores' kit keeps a directory.
 */
const units = [
  "bot",
  "docs",
  "domain",
  "engines",
  "monitor",
  "platforms",
  "ports",
  "simulator",
  "stores/encryption",
  "testing",
  "transports"
]
const ofUnits = units.map((name) => `test/${name}/**/*.test.ts`)

const resolve = {
  alias: [
    { find: /^everbot$/, replacement: source("index.ts") },
    { find: /^everbot\/qq$/, replacement: source("platforms/qq/index.ts") },
    { find: /^everbot\/sqlite$/, replacement: source("sqlite.ts") },
    { find: /^everbot\/monitor$/, replacement: source("monitor/index.ts") },
    { find: /^everbot\/simulator$/, replacement: source("simulator/index.ts") },
    { find: /^everbot\/testing$/, replacement: source("testing/index.ts") }
  ]
}

const shared = {
  // Watches every suite for secrets that leave the code, and says at the end what it has looked at.
  setupFiles: ["test/taint/setup.ts"],
  testTimeout: 60_000,
  hookTimeout: 60_000
}

export default defineConfig({
  test: {
    globalSetup: ["test/taint/book.ts", "test/fixtures/compiled.ts", "test/fixtures/bundles.ts"],
    // Many tests wait for sockets and processes, so one more than there are cores keeps these busy.
    maxWorkers: Math.max(2, Math.min(4, availableParallelism() + 1)),
    // What a message leaves behind dies young: with more room for it the collector has a tenth less to do.
    execArgv: ["--max-semi-space-size=64"],
    sequence: { sequencer: LongestFirst },
    projects: [
      { resolve, test: { ...shared, name: "long", include: [...longest] } },
      {
        resolve,
        test: { ...shared, name: "whole", include: ["test/**/*.test.ts"], exclude: [...ofUnits, ...longest] }
      },
      { resolve, test: { ...shared, name: "units", include: ofUnits, exclude: [...longest], isolate: false } }
    ]
  }
})
