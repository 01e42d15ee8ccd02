/** The parts of the API's shapes that the page uses. Held to the API's own schemas by test/monitor/http/Pages.test.ts. */
export type State =
  | "Disconnected"
  | "Connecting"
  | "Identifying"
  | "Resuming"
  | "Ready"
  | "Reconnecting"
  | "Failed"
  | "Closed"

export type Level = "healthy" | "degraded" | "unhealthy"

export interface Account {
  readonly account: string
  readonly isPaused: boolean
  readonly pausedBecause: string | null
  readonly failure: string | null
  readonly eventsReceived: number
  readonly messagesSent: number
}

export interface Process {
  readonly pid: number
  readonly node: string
  readonly everbot: string
  readonly uptime: number
  readonly rss: number
  readonly heapUsed: number
  readonly memoryLimit: number | null
}

export interface Status {
  readonly level: Level
  readonly process: Process
  readonly accounts: ReadonlyArray<Account>
  readonly features: ReadonlyArray<string>
}

export interface Check {
  readonly name: string
  readonly account: string | null
  readonly level: Level
  readonly reason: string | null
  readonly since: number
}

export interface Health {
  readonly level: Level
  readonly since: number
  readonly checks: ReadonlyArray<Check>
  readonly accounts: ReadonlyArray<{ readonly checks: ReadonlyArray<Check> }>
}

export interface Transition {
  readonly at: number
  readonly to: State
  readonly why: string | null
}

export interface Connection {
  readonly account: string
  readonly shard: number
  readonly state: State
  readonly since: number
  readonly why: string | null
  readonly sessions: number
  readonly heartbeatRoundTrip: number | null
  readonly history: ReadonlyArray<Transition>
}

export interface Recovery {
  readonly account: string
  readonly shard: number
  readonly lostAt: number
  readonly cause: string
  readonly reason: string
  readonly steps: ReadonlyArray<{
    readonly at: number
    readonly step: string
    readonly why: string | null
    readonly isPassed: boolean
  }>
  readonly endedAt: number | null
  readonly outcome: "resumed" | "identified" | "failed" | "closed" | null
}

export interface Gap {
  readonly account: string
  readonly stream: string
  readonly from: number | null
  readonly to: number | null
  readonly since: number
  readonly until: number
  readonly why: string
}

export interface Queue {
  readonly account: string
  readonly events: { readonly pending: number; readonly waiting: number; readonly dead: number }
  readonly messages: Readonly<Record<string, number>>
  readonly oldestAge: number
  readonly deadLetters: number
}

export interface Hold {
  readonly account: string
  readonly conversation: { readonly kind: string; readonly id: string } | null
  readonly reason: string
  readonly since: number
  readonly eventsWaiting: number
}

export interface DeadLetter {
  readonly kind: "event" | "message"
  readonly id: number
  readonly account: string
  readonly conversation: { readonly kind: string; readonly id: string }
  readonly reason: string
  readonly attempts: number
  readonly at: number
  readonly text: string | null
  readonly status: string | null
}

export interface DeadLetterPage {
  readonly total: number
  readonly letters: ReadonlyArray<DeadLetter>
}

export interface Errors {
  readonly total: number
  readonly reasons: ReadonlyArray<{
    readonly reason: string
    readonly count: number
    readonly latest: string
    readonly latestAt: number
  }>
}

export interface Sample {
  readonly at: number
  readonly received: number
  readonly handled: number
  readonly sent: number
  readonly errors: number
  readonly eventsWaiting: number
  readonly messagesWaiting: number
  readonly oldestMessageAge: number
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
  readonly rss: number
  readonly cpu: number
  readonly loopDelay: number
}

export interface News {
  readonly _tag: "News"
  readonly at: number
  readonly kind: string
  readonly severity: "debug" | "info" | "warn" | "error"
  readonly account: string | null
  readonly shard: number | null
  readonly state: State | null
  readonly text: string
}

export type LiveEvent =
  | News
  | { readonly _tag: "Measured"; readonly sample: Sample }
  | { readonly _tag: "Missed"; readonly count: number }

export interface Playground {
  readonly faults: ReadonlyArray<{ readonly name: string; readonly title: string }>
  readonly lines: ReadonlyArray<{ readonly id: number; readonly from: "you" | "bot"; readonly text: string }>
  readonly verdict: {
    readonly said: number
    readonly answered: number
    readonly lost: number
    readonly duplicated: number
    readonly outOfOrder: number
  }
}

export interface Alert {
  readonly state: "raised" | "reminded" | "recovered"
  readonly severity: "warning" | "critical"
  readonly rule: string
  readonly subject: string
  readonly text: string
  readonly at: number
}

export interface Alerts {
  readonly active: ReadonlyArray<Alert>
  readonly recent: ReadonlyArray<Alert>
}

export interface Restarts {
  readonly budget: { readonly restarts: number; readonly window: number; readonly used: number } | null
  readonly withheld: string | null
  readonly history: ReadonlyArray<{
    readonly cause: string
    readonly detail: string
    readonly at: number
    readonly startedAt: number
    readonly code: number | null
  }>
}
