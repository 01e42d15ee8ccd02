/**
 * Renders the page of what is covered of QQ: every call and every event, how we say it, and the test that holds it.
 * Calls come from `rest/Endpoints.ts`, events from `EventKinds.ts`, tests from the titles in the test files.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { botrsCallbacks, eventKinds, type QqEventKind } from "../../src/platforms/qq/EventKinds.ts"
import type { Named } from "../../src/platforms/qq/rest/Endpoints.ts"
import { endpoints } from "../../src/platforms/qq/rest/Endpoints.ts"
import { shapes } from "../platforms/qq/shapes.ts"

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

/** A test that has the event happen, or decodes a frame of it; to mention its name is not enough. */
const offers = (name: string, text: string): boolean =>
  new RegExp(String.raw`\bemit\(\s*"${name}"|\bframes\.${name}\b|\bt: "${name}"`).test(text)

/** `EventKinds.test.ts` goes through the recorded shapes of every event, so it holds those that have any. */
const isGoneThrough = (name: string): boolean =>
  Object.entries(shapes).some(([it, list]) => it === name && list.length > 0)

/** The test files that hold an event: the one that decodes its shapes and calls its handler, then others that offer it. */
export const testsOfEvent = (
  { kind, name, test }: Pick<QqEventKind, "kind" | "name" | "test">,
  files: ReadonlyArray<TestFile> = testFiles
): ReadonlyArray<TestFile> => {
  const holds = (file: TestFile): boolean =>
    file.link.endsWith(test) && kind !== undefined ? isGoneThrough(name) : offers(name, file.text)
  const held = files.filter((file) => file.name.endsWith(".test.ts") && holds(file))
  return [...held.filter(({ link }) => link.endsWith(test)), ...held.filter(({ link }) => !link.endsWith(test))]
}

const code = (text: string | undefined): string => (text === undefined ? "" : `\`${text}\``)

const eventRow = (event: QqEventKind): string => {
  const { intent, isAnswerable, kind, listen, name, payload, source } = event
  const shown = testsOfEvent(event).map((test) => `[${test.name}](${test.link})`)
  const cells = [code(name), code(intent), code(listen), code(kind), code(payload), isAnswerable ? "yes" : "", source]
  return `| ${[...cells, shown.join(", ")].join(" | ")} |`
}

export const render = (): string =>
  `${[
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
    `## Events (${eventKinds.length})`,
    "",
    "A reply may name those marked so; to others `Bot.reply` says something of its own accord. `EventKinds.test.ts` decodes every",
    "recorded shape of an event and has each event reach its handler; the other tests have it happen, or decode a frame of it.",
    "",
    "| event | intent | we say | kind | payload | reply | described in | tests |",
    "|---|---|---|---|---|---|---|---|",
    ...eventKinds.map(eventRow),
    "",
    `## Callbacks of BotRS (${botrsCallbacks.length})`,
    "",
    "Every callback of `EventHandler` (BotRS 0.13), and what serves it here.",
    "",
    "| callback | we say |",
    "|---|---|",
    ...botrsCallbacks.map(({ callback, listen }) => `| ${code(callback)} | ${listen.map(code).join(", ")} |`)
  ].join("\n")}\n`
