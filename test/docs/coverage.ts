/**
 * Renders the page of what is covered of QQ: every call and every event, how we say it, and the test that holds it.
 * Calls come from `rest/Endpoints.ts`, events from `Protocol.ts`, tests from the titles in the test files.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { eventIntents } from "../../src/platforms/qq/Protocol.ts"
import type { Named } from "../../src/platforms/qq/rest/Endpoints.ts"
import { endpoints } from "../../src/platforms/qq/rest/Endpoints.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const tests = join(root, "test/platforms/qq")

/** Where the page lives. */
export const file = join(root, "src/platforms/qq/COVERAGE.md")

export interface TestFile {
  /** From the page. */
  readonly link: string
  readonly name: string
  readonly text: string
}

export const testFiles: ReadonlyArray<TestFile> = readdirSync(tests, { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"))
  .sort()
  .map((path) => ({
    link: `../../../${relative(root, join(tests, path)).replaceAll("\\", "/")}`,
    name: path,
    text: readFileSync(join(tests, path), "utf8")
  }))

const placeholder = /\$\{to\}/

/** The titles of the tests about calls: a name and a sentence, written out or with `${to}` for Group and User. */
const titles = testFiles.flatMap((test) =>
  Array.from(test.text.matchAll(/operation\(\s*["`]([\w.${}]+)["`],\s*"([^"]+)"/g), ([, name = "", sentence = ""]) => ({
    name,
    sentence,
    test
  })).flatMap((title) =>
    placeholder.test(title.name)
      ? ["Group", "User"].map((to) => ({ ...title, name: title.name.replace(placeholder, to) }))
      : [title]
  )
)

/** The tests about a call. */
export const testsOf = (name: string) => titles.filter((title) => title.name === name)

const needs = ({ about }: Named): string =>
  [about.needs, about.isDeprecated ? "deprecated" : undefined].filter(Boolean).join(", ")

const callRow = (endpoint: Named): string => {
  const shown = testsOf(endpoint.name).map(({ sentence, test }) => `[${sentence}](${test.link})`)
  const source = endpoint.about.source ?? "docs"
  const path = endpoint.path.replaceAll("|", "\\|")
  return `| ${endpoint.method} | \`${path}\` | \`api.${endpoint.name}\` | ${needs(endpoint)} | ${source} | ${shown.join("; ")} |`
}

/** The test files that hold an event, those that decode it first. */
export const testsOfEvent = (name: string): ReadonlyArray<TestFile> =>
  testFiles.filter(({ name: file, text }) => file.endsWith(".ts") && new RegExp(`\\b${name}\\b`).test(text))

const eventRow = ([name, intent]: readonly [string, string | undefined]): string => {
  const shown = testsOfEvent(name).map((test) => `[${test.name}](${test.link})`)
  return `| \`${name}\` | ${intent === undefined ? "" : `\`${intent}\``} | \`Qq.on("${name}", …)\` | ${shown.join(", ")} |`
}

export const render = (): string => {
  const events = Object.entries(eventIntents)
  return `${[
    "# What is covered of QQ",
    "",
    "Made by `npm run docs` from the code; a test fails when it is stale.",
    "",
    `## Calls (${endpoints.length})`,
    "",
    "Needs: `private` bots of the private domain, `administrator` a bot that administers the place, `invited` bots that QQ",
    "invited. A test runs the call over real HTTP against the simulated QQ.",
    "",
    "| method | path | we say | needs | described in | test |",
    "|---|---|---|---|---|---|",
    ...endpoints.map(callRow),
    "",
    `## Events (${events.length})`,
    "",
    "| event | intent | we say | tests |",
    "|---|---|---|---|",
    ...events.map(eventRow)
  ].join("\n")}\n`
}
