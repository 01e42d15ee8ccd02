/** What can be chosen about the simulated platform; the defaults are QQ's own numbers. */
import { Duration } from "effect"
import { knownIntents } from "./Codes.ts"

export interface Options {
  /** Port on 127.0.0.1. @defaultValue 0, any free one */
  readonly port?: number
  readonly appId?: string
  readonly clientSecret?: string
  /** @defaultValue 41250 ms */
  readonly heartbeatInterval?: Duration.Input
  /** How long a session without a socket can be resumed. @defaultValue 5 minutes */
  readonly resumeWindow?: Duration.Input
  /** Frames a session keeps for replay; one that outgrows it is ended. @defaultValue 500000 */
  readonly resumeLimit?: number
  /** Bytes handed to a socket before it must have drained. @defaultValue 256 KiB */
  readonly socketBuffer?: number
  /** @defaultValue 7200 s */
  readonly tokenLifetime?: Duration.Input
  /** Before a token ends, the time in which asking gives a new one. @defaultValue 60 s */
  readonly tokenRefreshWindow?: Duration.Input
  /** Intents this bot may ask for. @defaultValue all */
  readonly grantedIntents?: number
  /** How many it recommends. @defaultValue 1 */
  readonly shards?: number
  /** Sessions that may still be started today. @defaultValue 1000 of 1000 */
  readonly sessionStarts?: { readonly total: number; readonly remaining?: number; readonly maxConcurrency?: number }
  /** Refuse sessions started faster than `maxConcurrency` per 5 s; the books judge it in any case. @defaultValue if it is given */
  readonly enforceConcurrency?: boolean
  /** Time to answer op 7 before the socket is closed with 4009. @defaultValue 10 s */
  readonly reconnectGrace?: Duration.Input
  /** Reply windows and counts by kind of chat. */
  readonly passive?: Partial<Passive>
  /** Active messages per chat and day; over it they are refused with a quota error. @defaultValue unlimited */
  readonly activeMessagesPerChat?: number
  /** Sends per second to one guild channel (QQ: 5). @defaultValue unlimited, to keep floods quick */
  readonly channelSendsPerSecond?: number
  /** @defaultValue 5000 characters */
  readonly maxTextLength?: number
  /** How long a `file_info` may be used. @defaultValue 3 days */
  readonly fileLifetime?: Duration.Input
  /** Bytes in a part of a chunked upload. @defaultValue 2 MiB */
  readonly uploadBlock?: number
  /** Accept `Bot appid.token` as old clients send it. @defaultValue false */
  readonly acceptLegacyToken?: boolean
  /** How the bot is called once an address of it is registered. */
  readonly webhook?: WebhookOptions
}

/** QQ repeats up to three times; its timeout and its pauses are not published. */
export interface WebhookOptions {
  /** The bot's address, tried until it validates. Without one, register it with `registerWebhook`. */
  readonly url?: string
  /** Repetitions of a call that failed. @defaultValue 3 */
  readonly retries?: number
  /** Between two of them. @defaultValue 1 second */
  readonly retryAfter?: Duration.Input
  /** Time to answer a call. @defaultValue 5 seconds */
  readonly timeout?: Duration.Input
}

/** Time from a message to its last reply, and how many it may get. */
export interface Window {
  readonly within: Duration.Input
  readonly replies: number
}

export interface Passive {
  readonly group: Window
  readonly direct: Window
  readonly guild: Window
}

/** Options with every default filled in and times in milliseconds. */
export type Settings = ReturnType<typeof settings>

const millis = (input: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(input))

const window = (given: Window | undefined, within: Duration.Input, replies: number) => ({
  within: millis(given?.within ?? within),
  replies: given?.replies ?? replies
})

export const settings = (options: Options = {}) => ({
  port: options.port ?? 0,
  appId: options.appId ?? "102000001",
  clientSecret: options.clientSecret ?? "DG5g3B4j9X2KOErG",
  heartbeatInterval: millis(options.heartbeatInterval ?? 41_250),
  resumeWindow: millis(options.resumeWindow ?? "5 minutes"),
  resumeLimit: options.resumeLimit ?? 500_000,
  socketBuffer: options.socketBuffer ?? 262_144,
  tokenLifetime: millis(options.tokenLifetime ?? "7200 seconds"),
  tokenRefreshWindow: millis(options.tokenRefreshWindow ?? "60 seconds"),
  grantedIntents: options.grantedIntents ?? knownIntents,
  shards: options.shards ?? 1,
  sessionStarts: {
    total: options.sessionStarts?.total ?? 1000,
    remaining: options.sessionStarts?.remaining ?? options.sessionStarts?.total ?? 1000,
    maxConcurrency: options.sessionStarts?.maxConcurrency ?? 1
  },
  enforceConcurrency: options.enforceConcurrency ?? options.sessionStarts?.maxConcurrency !== undefined,
  reconnectGrace: millis(options.reconnectGrace ?? "10 seconds"),
  passive: {
    group: window(options.passive?.group, "5 minutes", 5),
    direct: window(options.passive?.direct, "60 minutes", 5),
    guild: window(options.passive?.guild, "5 minutes", Number.POSITIVE_INFINITY)
  },
  activeMessagesPerChat: options.activeMessagesPerChat ?? Number.POSITIVE_INFINITY,
  channelSendsPerSecond: options.channelSendsPerSecond ?? Number.POSITIVE_INFINITY,
  maxTextLength: options.maxTextLength ?? 5000,
  fileLifetime: millis(options.fileLifetime ?? "3 days"),
  uploadBlock: options.uploadBlock ?? 2 * 1024 * 1024,
  acceptLegacyToken: options.acceptLegacyToken ?? false,
  webhook: {
    url: options.webhook?.url,
    retries: options.webhook?.retries ?? 3,
    retryAfter: millis(options.webhook?.retryAfter ?? "1 second"),
    timeout: millis(options.webhook?.timeout ?? "5 seconds")
  }
})
