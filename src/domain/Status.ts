/** What the runtime tells about itself: the status stream. Past tense, like every event. */
import type { ConnectionState } from "./ConnectionState.ts"
import type { Conversation } from "./Conversation.ts"
import type { Gap } from "./Gap.ts"
import type { GatewayError } from "./GatewayError.ts"
import type { HandlerError } from "./HandlerError.ts"
import type { Level } from "./Health.ts"
import type { MessageStatus } from "./Message.ts"
import type { StoreError } from "./StoreError.ts"

export type Status =
  | {
      readonly _tag: "ConnectionChanged"
      readonly account: string
      readonly shard: number
      readonly from: ConnectionState
      readonly to: ConnectionState
    }
  | {
      /** The account has another number of connections than before; `from` is `undefined` where that is not known. */
      readonly _tag: "ShardsPlanned"
      readonly account: string
      readonly from: number | undefined
      readonly to: number
    }
  | {
      /** A fresh session took over from one that still worked. */
      readonly _tag: "SessionRenewed"
      readonly account: string
      readonly shard: number
      readonly why: string
    }
  | {
      readonly _tag: "RungClimbed"
      readonly account: string
      /** Whose connection it is about. */
      readonly shard?: number | undefined
      readonly rung: string
      readonly why: GatewayError
      readonly failures: number
      /** Only passed on the way up, because it could not help. */
      readonly isPassed: boolean
    }
  | {
      readonly _tag: "TurnFailed"
      readonly account: string
      readonly conversation: Conversation
      readonly error: HandlerError
      readonly willRetry: boolean
    }
  | {
      readonly _tag: "EventDeadLettered"
      readonly account: string
      readonly conversation: Conversation
      readonly key: string
      readonly reason: string
    }
  | {
      readonly _tag: "MessageSettled"
      readonly account: string
      readonly id: number
      readonly status: MessageStatus
      readonly reason?: string | undefined
      /** Epoch milliseconds from which it was due: the event it answers came in, or it was said, or its time came. */
      readonly since?: number | undefined
    }
  | { readonly _tag: "IntakePaused"; readonly account: string; readonly why: string }
  | { readonly _tag: "IntakeResumed"; readonly account: string }
  /** A person took over a conversation, or the whole account (`conversation` is `undefined`); or gave it back. */
  | {
      readonly _tag: "HoldPlaced"
      readonly account: string
      readonly conversation: Conversation | undefined
      readonly reason: string
    }
  | { readonly _tag: "HoldReleased"; readonly account: string; readonly conversation: Conversation | undefined }
  | { readonly _tag: "StoreFailed"; readonly error: StoreError }
  | { readonly _tag: "StoreRecovered" }
  | { readonly _tag: "BreakerChanged"; readonly account: string; readonly state: "closed" | "open" | "half-open" }
  | { readonly _tag: "GapRecorded"; readonly gap: Gap }
  /** So many messages that had not come came after all, or were found in the history. */
  | {
      readonly _tag: "GapFilled"
      readonly account: string
      readonly conversation: Conversation
      readonly messages: number
    }
  | { readonly _tag: "FrameIgnored"; readonly account: string; readonly why: string }
  | {
      /** A check, or the whole (`check` is `undefined`), changed its level. */
      readonly _tag: "HealthChanged"
      readonly account: string | undefined
      readonly check: string | undefined
      readonly from: Level
      readonly to: Level
      readonly reason: string | undefined
    }
  | {
      /** A check found something broken and began to repair it; the next round finds out whether that helped. */
      readonly _tag: "RepairStarted"
      readonly account: string | undefined
      readonly check: string
      readonly why: string
    }
  | { readonly _tag: "DrainStarted"; readonly deadline: number }
  | { readonly _tag: "Drained"; readonly leftTurns: number; readonly leftMessages: number }
