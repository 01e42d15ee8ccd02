/** Watches every suite: one in which a secret left the code fails, and says where. */
import { appendFileSync } from "node:fs"
import { relative } from "node:path"
import { afterAll, afterEach, expect } from "vitest"
import * as files from "./files.ts"
import * as taps from "./taps.ts"
import * as Watch from "./Watch.ts"

taps.install()
const endFiles = files.watch()

afterEach(({ task }) => {
  for (const { message, stack = "" } of task.result?.errors ?? []) Watch.look("failed test", `${message}\n${stack}`)
})

// Registered first, so it runs last.
afterAll(() => {
  endFiles()
  taps.metrics()
  const book = process.env["EVERBOT_TAINT_BOOK"]
  if (book !== undefined) appendFileSync(book, `${JSON.stringify(Watch.counts())}\n`)
  const found = Watch.take()
  if (found.length === 0) return
  const suite = relative(process.cwd(), expect.getState().testPath ?? "")
  throw new Error(`secrets left the code:\n${Watch.describeFindings(suite, found)}`)
})
