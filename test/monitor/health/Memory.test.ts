import { assert, describe, it } from "@effect/vitest"
import { measure } from "../../../src/monitor/health/Memory.ts"

const GiB = 1024 ** 3
const machine = 16 * GiB

/** A machine that has these files and no others. */
const files =
  (contents: Readonly<Record<string, string | number>>) =>
  (path: string): string =>
    path in contents ? `${contents[path]}\n` : ""

describe("memory", () => {
  it("is that of the container by control groups v2, without the file cache that the kernel takes back", () => {
    const read = files({
      "/proc/self/cgroup": "0::/",
      "/sys/fs/cgroup/memory.max": GiB,
      "/sys/fs/cgroup/memory.current": 900_000_000,
      "/sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 400000000\nactive_file 7"
    })
    assert.deepStrictEqual(measure(read, machine, 300_000_000), {
      rss: 300_000_000,
      used: 500_000_000,
      limit: GiB,
      of: "container"
    })
  })

  it("is the tightest of all groups that the process is in", () => {
    const read = files({
      "/proc/self/cgroup": "0::/system.slice/bot.service",
      "/sys/fs/cgroup/system.slice/bot.service/memory.max": "max",
      "/sys/fs/cgroup/system.slice/memory.max": 2 * GiB,
      "/sys/fs/cgroup/system.slice/memory.current": GiB,
      "/sys/fs/cgroup/memory.max": 4 * GiB,
      "/sys/fs/cgroup/memory.current": 3 * GiB
    })
    assert.deepInclude(measure(read, machine, 1), { limit: 2 * GiB, used: GiB, of: "container" })
  })

  it("is that of the container by control groups v1, also where its path is the host's", () => {
    const read = files({
      "/proc/self/cgroup": "3:cpu,cpuacct:/docker/abc\n2:memory:/docker/abc\n0::/",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": 512 * 1024 ** 2,
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": 400_000_000,
      "/sys/fs/cgroup/memory/memory.stat": "inactive_file 1\ntotal_inactive_file 100000000"
    })
    assert.deepInclude(measure(read, machine, 1), { limit: 512 * 1024 ** 2, used: 300_000_000, of: "container" })
  })

  it("is that of the machine where nothing is limited, and then only ours counts", () => {
    const unlimited = files({
      "/proc/self/cgroup": "2:memory:/",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": 15 * GiB
    })
    for (const read of [unlimited, files({})]) {
      assert.deepStrictEqual(measure(read, machine, GiB), { rss: GiB, used: GiB, limit: machine, of: "machine" })
    }
  })
})
