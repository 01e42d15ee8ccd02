/** Every setting that the environment may hold, by what it is about. */
import * as Bot from "../../bot/Settings.ts"
import * as Logs from "../../monitor/Logs.ts"
import * as Monitor from "../../monitor/Monitor.ts"
import * as ProcessGuard from "../../monitor/ProcessGuard.ts"
import * as Telemetry from "../../monitor/Telemetry.ts"
import * as Qq from "../../platforms/qq/Config.ts"
import * as QqWebhook from "../../platforms/qq/WebhookConfig.ts"
import { presetSetting, type Setting } from "../../ports/Setting.ts"
import * as Backup from "../../stores/Backup.ts"
import * as Encryption from "../../stores/Encryption.ts"
import * as Sqlite from "../../stores/Sqlite.ts"

export interface Group {
  readonly title: string
  /** What of the program reads them. */
  readonly readBy: string
  readonly settings: ReadonlyArray<Setting<unknown>>
}

const group = (title: string, readBy: string, settings: Readonly<Record<string, Setting<unknown>>>): Group => ({
  title,
  readBy,
  settings: Object.values(settings)
})

export const groups: ReadonlyArray<Group> = [
  group("Preset", "all of them", { presetSetting }),
  group("QQ", "Qq.layerConfig", { ...Qq.settings, ...QqWebhook.settings }),
  group("Database", "Sqlite.layerConfig", Sqlite.settings),
  group("Encryption at rest", "Encryption.layerConfig", Encryption.settings),
  group("Backups", "Backup.layerConfig", Backup.settings),
  group("Turns, messages and state", "Bot.launch", Bot.settings),
  group("Retention", "Bot.launch", Bot.keep),
  group("Health", "Bot.launch", Bot.health),
  group("Errors", "Bot.launch", Bot.errors),
  group("Log", "Logs.layerConfig", Logs.settings),
  group("Monitor", "Monitor.layerConfig", Monitor.settings),
  group("Process guard", "ProcessGuard.layerConfig", ProcessGuard.settings),
  group("Traces and metrics", "Telemetry.layerConfig", Telemetry.settings)
]
