/**
 * What a platform whose gateway speaks hello, identify, resume and heartbeat (QQ, Discord) adds to the engine that
 * runs such connections.
 */
import type { Effect, Scope } from "effect"
import type { Event, Position } from "../domain/Event.ts"
import type { GatewayError, Reason } from "../domain/GatewayError.ts"
import type { GatewayLink } from "../ports/Platform.ts"
import type { Frame } from "./Session.ts"

/** A parsed frame: some JSON object, in which nothing is certain. */
export interface Envelope {
  readonly op?: unknown
  readonly s?: unknown
  readonly t?: unknown
  readonly id?: unknown
  readonly d?: unknown
}

/** What to dial, and what to say there. */
export interface Plan {
  readonly url: string
  /** The session to resume; without one the connection identifies. */
  readonly resume: Position | undefined
  /** The frame that answers HELLO: identify, or resume if `resume` is given. */
  readonly greeting: () => string
  /**
   * Epoch milliseconds: since then a session may have been there that a process before this one did not live to store.
   * Only counts where no session is known.
   */
  readonly missedSince?: number | undefined
  /** Told when the platform took us in. */
  readonly accepted?: (() => void) | undefined
}

/** How a connection ended, told to the protocol before the error is. */
export interface End {
  readonly shard: number
  readonly reason: Reason
  /** Whether READY or RESUMED came. */
  readonly wasReady: boolean
  /** Whether it set out to resume. */
  readonly wasResuming: boolean
}

/** What a platform with this kind of gateway (QQ, Discord) adds to the engine. */
export interface GatewayProtocol {
  readonly account: string
  /**
   * Finds the gateway and a valid credential, and waits for the right to identify if `from` is undefined. The scope is
   * that of the connection.
   */
  readonly prepare: (
    link: Pick<GatewayLink, "shard" | "shards" | "isSpare">,
    from: Position | undefined
  ) => Effect.Effect<Plan, GatewayError, Scope.Scope>
  /** Hot, plain, must not throw. */
  readonly read: (envelope: Envelope) => Frame
  /** Hot, plain. `undefined`: there is nothing to handle in it. */
  readonly decode: (envelope: Envelope, fallbackKey: () => string) => Event | undefined
  readonly heartbeat: (seq: number | null) => string
  readonly toReason: (code: number, detail: string) => Reason
  /** Told once for each dialled connection. */
  readonly ended?: ((end: End) => void) | undefined
}
