/**
 * Asks a bot on this machine how it is: exits with 0 while it works, 1 while something does not, and says what. Needs
 * nothing but Node. It finds the monitor as the bot does: EVERBOT_MONITOR_PORT, and EVERBOT_MONITOR_TOKEN or the file
 * that EVERBOT_MONITOR_TOKEN_FILE names. Without a token it can only tell whether the process lives.
 */
import { existsSync, readFileSync } from "node:fs"

const { EVERBOT_MONITOR_PORT = "7391", EVERBOT_MONITOR_TOKEN, EVERBOT_MONITOR_TOKEN_FILE } = process.env
const file = EVERBOT_MONITOR_TOKEN_FILE ?? "everbot-monitor.token"
const token = EVERBOT_MONITOR_TOKEN ?? (existsSync(file) ? readFileSync(file, "utf8").trim() : undefined)

const ask = (path) =>
  fetch(`http://127.0.0.1:${EVERBOT_MONITOR_PORT}${path}`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(3000)
  })

try {
  const response = await ask(token === undefined ? "/livez" : "/api/health")
  const { accounts = [], checks = [], level, message, status } = await response.json()
  const all = [...checks, ...accounts.flatMap((one) => one.checks)].filter((check) => check.level !== "healthy")
  console.log(level ?? status ?? message ?? response.status)
  for (const { account, level, name, reason } of all) console.log(`${level}: ${account ?? ""} ${name}: ${reason}`)
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  console.log(`no answer: ${error.cause?.code ?? error.name}`)
  process.exitCode = 1
}
