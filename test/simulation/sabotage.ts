/**
 * Loads the simulation on a copy of the source with a bug in it: Node's loader reads the files through a hook that changes
 * the one that is meant. Every copy is a set of modules of its own, told apart by a query in their addresses, so that
 * one process can hold many. A mutant whose text is no longer there is an error, not a pass.
 */
import { readFileSync } from "node:fs"
import { registerHooks, stripTypeScriptTypes } from "node:module"
import { type Mutant, type MutantName, mutants } from "./mutants.ts"

const source = new URL("../../src/", import.meta.url).href
const here = new URL("./", import.meta.url).href

export const isMutant = (name: string): name is MutantName => Object.hasOwn(mutants, name)

/** The text with the bug in it. Throws when the file does not hold what is to be replaced, exactly once. */
export const sabotaged = (name: string, mutant: Mutant, text: string): string => {
  const parts = text.split(mutant.find)
  if (parts.length === 2) return parts.join(mutant.replace)
  const how = parts.length === 1 ? "not found" : "found more than once"
  throw new Error(
    `mutant ${name}: its text was ${how} in src/${mutant.file}. Bring test/simulation/mutants.ts up to date`
  )
}

/** Why these mutants cannot be planted; empty when they can. */
export const troubles = (names: ReadonlyArray<MutantName>): ReadonlyArray<string> =>
  names.flatMap((name) => {
    try {
      sabotaged(name, mutants[name], readFileSync(new URL(mutants[name].file, source), "utf8"))
      return []
    } catch (error) {
      return [error instanceof Error ? error.message : String(error)]
    }
  })

const nameIn = (url: string | undefined): MutantName | undefined => {
  const name = url === undefined ? undefined : /\?mutant=(.+)$/.exec(url)?.[1]
  return name !== undefined && isMutant(name) ? name : undefined
}

const plain = (path: string, name?: MutantName): string => {
  const text = readFileSync(new URL(path), "utf8")
  return stripTypeScriptTypes(name === undefined ? text : sabotaged(name, mutants[name], text))
}

const texts = new Map<string, string>()

/** Without its types, which are taken out once for all copies. */
const unchanged = (path: string): string => {
  const text = texts.get(path) ?? plain(path)
  texts.set(path, text)
  return text
}

let isInstalled = false
const install = (): void => {
  if (isInstalled) return
  isInstalled = true
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const resolved = nextResolve(specifier, context)
      const name = nameIn(context.parentURL)
      const isOurs = resolved.url.startsWith(source) || resolved.url.startsWith(here)
      return name === undefined || !isOurs ? resolved : { ...resolved, url: `${resolved.url}?mutant=${name}` }
    },
    load: (url, context, nextLoad) => {
      const name = nameIn(url)
      if (name === undefined) return nextLoad(url, context)
      const path = url.slice(0, url.indexOf("?"))
      const isMeant = path === `${source}${mutants[name].file}`
      return { format: "module", source: isMeant ? plain(path, name) : unchanged(path), shortCircuit: true }
    }
  })
}

export interface Simulation {
  readonly planOf: typeof import("./Plan.ts").planOf
  readonly run: typeof import("./World.ts").run
}

const loaded = new Map<string, Promise<Simulation>>()

/** The simulation, of the bot as it is or with a bug in it. */
export const simulation = (mutant?: string): Promise<Simulation> => {
  const known = loaded.get(mutant ?? "")
  if (known !== undefined) return known
  if (mutant !== undefined) install()
  const query = mutant === undefined ? "" : `?mutant=${mutant}`
  const all = Promise.all([import(`./Plan.ts${query}`), import(`./World.ts${query}`)])
  const whole = all.then(([{ planOf }, { run }]): Simulation => ({ planOf, run }))
  loaded.set(mutant ?? "", whole)
  return whole
}
