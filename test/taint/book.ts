/** Says at the end of a run what the watch for secrets has looked at. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export default (): (() => void) => {
  const directory = mkdtempSync(join(tmpdir(), "everbot-book-"))
  const book = join(directory, "counts")
  process.env["EVERBOT_TAINT_BOOK"] = book
  return () => {
    const totals = new Map<string, number>()
    let suites = 0
    for (const line of readFileSync(book, { encoding: "utf8", flag: "a+" }).split("\n")) {
      if (line === "") continue
      suites++
      for (const [outlet, count] of Object.entries<number>(JSON.parse(line))) {
        totals.set(outlet, (totals.get(outlet) ?? 0) + count)
      }
    }
    rmSync(directory, { recursive: true })
    const list = Array.from(totals, ([outlet, count]) => `${outlet} ${count}`).join(", ")
    process.stdout.write(`\n Looked for secrets in ${suites} suites: ${list}\n`)
  }
}
