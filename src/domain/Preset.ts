/**
 * Settings that go together, as one would write them in the environment. A preset stands under everything else: what the
 * environment says counts first, then what the code says, then the preset, then the default.
 *
 * A preset names no secret, and not where data lives: what a bot knows must not depend on how it is watched.
 */

/** A variable of the environment that is ours. */
export type Variable = `EVERBOT_${string}` | `QQ_${string}` | `OTEL_${string}`

export interface Preset {
  readonly name: string
  readonly settings: Readonly<Partial<Record<Variable, string>>>
}

/** On a person's desk: everything is said, soon and readable; a debugger may stop the bot for minutes. */
export const development: Preset = {
  name: "development",
  settings: {
    EVERBOT_LOG: "pretty",
    EVERBOT_LOG_LEVEL: "Debug",
    EVERBOT_LOG_PER_SECOND: "off",
    EVERBOT_MONITOR_HOST: "127.0.0.1",
    EVERBOT_MONITOR_TOKEN_LENGTH: "16",
    EVERBOT_HEALTH_INTERVAL: "10 seconds",
    EVERBOT_ERROR_COOL_DOWN: "1 minute",
    EVERBOT_HANDLER_TIMEOUT: "10 minutes",
    EVERBOT_DRAIN_TIMEOUT: "2 seconds",
    EVERBOT_SAVE_EVERY: "10 seconds",
    EVERBOT_GUARD_MEMORY: "off",
    EVERBOT_GUARD_CPU: "off",
    EVERBOT_GUARD_LOOP_DELAY: "off",
    EVERBOT_GUARD_MAX_UPTIME: "off",
    EVERBOT_BACKUP_EVERY: "off",
    EVERBOT_DB_SYNCHRONOUS: "NORMAL"
  }
}

/** On a server, under a supervisor: most are the defaults, said once more so that they stay when defaults change. */
export const production: Preset = {
  name: "production",
  settings: {
    EVERBOT_LOG: "json",
    EVERBOT_LOG_LEVEL: "Info",
    EVERBOT_LOG_PER_SECOND: "20",
    EVERBOT_LOG_DAYS: "14",
    EVERBOT_MONITOR_HOST: "127.0.0.1",
    EVERBOT_MONITOR_TOKEN_LENGTH: "32",
    EVERBOT_HEALTH_INTERVAL: "30 seconds",
    EVERBOT_HEALTH_HEARTBEAT_LIMIT: "120 seconds",
    EVERBOT_ERROR_COOL_DOWN: "15 minutes",
    EVERBOT_HANDLER_TIMEOUT: "30 seconds",
    // Less than the process guard's deadline of 30 seconds, and systemd's of 40.
    EVERBOT_DRAIN_TIMEOUT: "20 seconds",
    EVERBOT_SAVE_EVERY: "1 minute",
    EVERBOT_KEEP_EVENTS: "7 days",
    EVERBOT_KEEP_MESSAGES: "7 days",
    EVERBOT_GUARD_MEMORY: "0.9",
    EVERBOT_GUARD_CPU: "0.95",
    EVERBOT_GUARD_LOOP_DELAY: "1 second",
    EVERBOT_GUARD_MAX_UPTIME: "7 days",
    EVERBOT_BACKUP_EVERY: "6 hours",
    EVERBOT_DB_SYNCHRONOUS: "FULL"
  }
}

/** In a pipeline: quick, quiet, on ports that are free, and small enough that limits are met. */
export const test: Preset = {
  name: "test",
  settings: {
    EVERBOT_LOG: "json",
    EVERBOT_LOG_LEVEL: "Warn",
    EVERBOT_MONITOR_PORT: "0",
    EVERBOT_MONITOR_HOST: "127.0.0.1",
    EVERBOT_MONITOR_TOKEN_LENGTH: "16",
    EVERBOT_MONITOR_STREAMS: "16",
    EVERBOT_HEALTH_INTERVAL: "off",
    EVERBOT_HANDLER_TIMEOUT: "5 seconds",
    EVERBOT_DRAIN_TIMEOUT: "1 second",
    EVERBOT_SAVE_EVERY: "1 second",
    EVERBOT_MAX_RESIDENT: "256",
    EVERBOT_MAX_BACKLOG: "10000",
    EVERBOT_MAX_QUEUED: "1000",
    EVERBOT_GUARD_MEMORY: "off",
    EVERBOT_GUARD_CPU: "off",
    EVERBOT_GUARD_LOOP_DELAY: "off",
    EVERBOT_GUARD_MAX_UPTIME: "off",
    EVERBOT_BACKUP_EVERY: "off",
    EVERBOT_DB_SYNCHRONOUS: "NORMAL"
  }
}

export const all: ReadonlyArray<Preset> = [development, production, test]
