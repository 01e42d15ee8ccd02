/** The engines' end of one connection, and what is seen of it. */
import type * as State from "../domain/ConnectionState.ts"
import type { Position } from "../domain/Event.ts"
import type { GatewayLink } from "../ports/Platform.ts"

/** What is known of one connection. */
export interface ShardView {
  readonly shard: number
  /** How many there are. */
  readonly shards: number
  readonly state: State.ConnectionState
  /** Epoch milliseconds since when it is in this state. */
  readonly since: number
  readonly position: Position | undefined
  /** Epoch milliseconds. */
  readonly lastHeartbeatAt: number | undefined
  readonly heartbeatRoundTrip: number | undefined
  readonly lastFrameAt: number | undefined
  readonly dials: number
  readonly sessions: number
}

/** The engines' end of one connection, to be looked at as well. */
export interface ShardLink extends GatewayLink {
  readonly view: () => ShardView
}
