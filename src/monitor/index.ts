/** `everbot/monitor`: watch and steer a running bot. Sorted by reader: who runs it, who calls it. */

export * as Alerts from "./Alerts.ts"
export { MonitorApi } from "./http/Api.ts"
export * as MonitorClient from "./http/Client.ts"
export type { Controls as PlaygroundControls } from "./http/Playground.ts"
export * as Logs from "./Logs.ts"
export * as Monitor from "./Monitor.ts"
export * as ProcessGuard from "./ProcessGuard.ts"
export * as Telemetry from "./Telemetry.ts"
