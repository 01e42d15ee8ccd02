/**
 * How much memory the process may have, and how much is gone: by the container's control group (v2 or v1) where it
 * limits memory, else by the machine. A port, so that tests can have a machine that is full.
 *
 * Source: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory and .../cgroup-v1/memory.html
 */
import { readFileSync } from "node:fs"
import { totalmem } from "node:os"
import { Context, Effect } from "effect"

/** Bytes. */
export interface Memory {
  /** What this process occupies. */
  readonly rss: number
  /** What counts against the limit: of a container all its processes without their reclaimable file cache. */
  readonly used: number
  readonly limit: number
  readonly of: "container" | "machine"
}

/** Where a version of control groups keeps what. */
interface Layout {
  /** The line of `/proc/self/cgroup` that names the group. */
  readonly group: RegExp
  readonly root: string
  readonly limit: string
  readonly used: string
  /** The line of `memory.stat` with the file cache that the kernel takes back first. */
  readonly cache: RegExp
}

const layouts: ReadonlyArray<Layout> = [
  {
    group: /^0::(\/.*)$/m,
    root: "/sys/fs/cgroup",
    limit: "memory.max",
    used: "memory.current",
    cache: /^inactive_file (\d+)$/m
  },
  {
    group: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.*)$/m,
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cache: /^total_inactive_file (\d+)$/m
  }
]

/** The group and all it is in, innermost first: each may have a limit, and the tightest holds. */
const within = (path: string): ReadonlyArray<string> => {
  const names = path.split("/").filter((name) => name !== "" && name !== "..")
  return [...names.map((_, n) => `/${names.slice(0, names.length - n).join("/")}`), ""]
}

/** The text of a file; empty where there is none. */
type Read = (path: string) => string

const numberIn = (read: Read, path: string): number | undefined => {
  const text = read(path)
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined
}

/** The tightest limit and what is used of it; `undefined` without a limit below what the machine has. */
const ofContainer = (read: Read, machine: number): { readonly limit: number; readonly used: number } | undefined => {
  const groups = read("/proc/self/cgroup")
  let tightest: { readonly limit: number; readonly used: number } | undefined
  for (const layout of layouts) {
    const path = layout.group.exec(groups)?.[1]
    if (path === undefined) continue
    for (const group of within(path)) {
      const directory = `${layout.root}${group}`
      const limit = numberIn(read, `${directory}/${layout.limit}`)
      // v1 writes a number beyond any machine where there is no limit.
      if (limit === undefined || limit === 0 || limit >= Math.min(machine, tightest?.limit ?? machine)) continue
      const used = numberIn(read, `${directory}/${layout.used}`)
      const stat = read(`${directory}/memory.stat`)
      if (used === undefined) continue
      tightest = { limit, used: Math.max(0, used - Number(layout.cache.exec(stat)?.[1] ?? 0)) }
    }
  }
  return tightest
}

/** @param read reads a text file; @param machine the bytes of the machine */
export const measure = (read: Read, machine: number, rss: number): Memory => {
  const container = ofContainer(read, machine)
  if (container !== undefined) return { ...container, used: Math.max(rss, container.used), rss, of: "container" }
  // What other programs of the machine take is theirs to answer for, and file cache makes a full machine look fuller.
  return { rss, used: rss, limit: machine, of: "machine" }
}

/** These files are no disk's: the kernel makes them up when they are read. */
const fromKernel: Read = (path) => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

export const Memory = Context.Reference<Effect.Effect<Memory>>("everbot/monitor/Memory", {
  defaultValue: () => Effect.sync(() => measure(fromKernel, totalmem(), process.memoryUsage.rss()))
})
