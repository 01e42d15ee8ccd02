/** One soak: a platform that breaks itself, a bot, samples of the bot, and the verdict on both. */
import { type ChildProcess, fork } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { Sample } from "./bot.ts"
import type { Told, Verdict } from "./platform.ts"
import { judge, type Line } from "./slopes.ts"

export interface Options {
  readonly seconds: number
  /** Seconds before the first sample that counts. */
  readonly warmUp: number
  /** Seconds between samples. */
  readonly every: number
  readonly perSecond: number
  readonly seed: string
  readonly onSample: (sample: Sample) => void
}

export interface Result {
  readonly lines: ReadonlyArray<Line>
  readonly samples: ReadonlyArray<Sample>
  readonly verdict: Verdict
  readonly violations: ReadonlyArray<string>
}

/** The next message of a process; its shape is the word of the script that was started. */
const next = <A>(child: ChildProcess, millis: number): Promise<A> =>
  new Promise((resolve, reject) => {
    const give = (error: Error) => {
      child.off("exit", ended)
      clearTimeout(timer)
      reject(error)
    }
    const timer = setTimeout(() => give(new Error(`no answer within ${millis} ms`)), millis)
    const ended = (code: number | null) => give(new Error(`the process ended early with ${code}`))
    child.once("exit", ended)
    child.once("message", (message) => {
      child.off("exit", ended)
      clearTimeout(timer)
      resolve(message as A)
    })
  })

const end = (child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode)
    child.once("exit", (code) => resolve(code))
    child.kill(signal)
  })

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const quiet = ["--disable-warning=ExperimentalWarning"]

export const soak = async (options: Options): Promise<Result> => {
  const folder = mkdtempSync(join(tmpdir(), "everbot-soak-"))
  const stdio: ["ignore", "ignore", "inherit", "ipc"] = ["ignore", "ignore", "inherit", "ipc"]
  const args = [options.seed, String(options.perSecond)]
  const platform = fork(path("./platform.ts"), args, { stdio, execArgv: quiet })
  let bot: ChildProcess | undefined
  const samples: Array<Sample> = []
  const violations: Array<string> = []
  try {
    const told = await next<Told>(platform, 30_000)
    if (told._tag !== "Ready") throw new Error("the platform did not come up")
    bot = fork(path("./bot.ts"), [], {
      stdio,
      execArgv: [...quiet, "--expose-gc"],
      env: {
        ...process.env,
        QQ_APP_ID: told.appId,
        QQ_CLIENT_SECRET: told.clientSecret,
        QQ_API_URL: told.apiUrl,
        QQ_TOKEN_URL: told.tokenUrl,
        EVERBOT_DB: join(folder, "bot.db")
      }
    })
    const until = performance.now() + options.seconds * 1000
    while (performance.now() < until) {
      await sleep(options.every * 1000)
      const sample = next<Sample>(bot, 30_000)
      bot.send("sample")
      samples.push(await sample)
      options.onSample(await sample)
    }
    const verdict = next<Verdict>(platform, 90_000)
    platform.send("stop")
    const judged = await verdict
    const code = await end(bot, "SIGTERM")
    if (code !== 0) violations.push(`the bot ended with ${code} when it was told to stop`)
    const { duplicated, lost, outOfOrder } = judged
    if (lost + duplicated + outOfOrder > 0) {
      violations.push(`${lost} lost, ${duplicated} answered twice, ${outOfOrder} out of order`)
    }
    const counted = samples.filter(({ at }) => at >= options.warmUp)
    const lines = judge(counted)
    for (const { allowed, figure, growth, isFlat } of lines) {
      if (!isFlat) violations.push(`${figure} is not flat: it grows by ${growth}, and ${allowed} is allowed`)
    }
    return { lines, samples, verdict: judged, violations }
  } finally {
    if (bot !== undefined) await end(bot, "SIGKILL")
    await end(platform, "SIGKILL")
    rmSync(folder, { recursive: true, force: true })
  }
}
