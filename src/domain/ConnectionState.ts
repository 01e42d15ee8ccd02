/**
 * The states of one gateway connection and the legal edges between them.
 *
 * ```
 * Disconnected → Connecting → Identifying | Resuming → Ready → Reconnecting(cause, attempt) → Connecting …
 * ```
 * A webhook has nobody to greet: it is `Ready` as soon as calls are taken.
 * Ends: `Failed(cause)`, which only a restart of the account leaves, and `Closed`.
 */
import { Data } from "effect"
import type { GatewayError } from "./GatewayError.ts"

export type ConnectionState =
  | { readonly _tag: "Disconnected" }
  | { readonly _tag: "Connecting"; readonly attempt: number }
  | { readonly _tag: "Identifying" }
  | { readonly _tag: "Resuming"; readonly session: string; readonly seq: number }
  | { readonly _tag: "Ready"; readonly session: string; readonly resumed: boolean }
  | { readonly _tag: "Reconnecting"; readonly cause: GatewayError; readonly attempt: number }
  | { readonly _tag: "Failed"; readonly cause: GatewayError }
  | { readonly _tag: "Closed" }

export type Tag = ConnectionState["_tag"]

export const { Disconnected, Connecting, Identifying, Resuming, Ready, Reconnecting, Failed, Closed, $is, $match } =
  Data.taggedEnum<ConnectionState>()

/** From each state, the states it may become. */
export const edges = {
  Disconnected: ["Connecting", "Closed"],
  Connecting: ["Identifying", "Resuming", "Ready", "Reconnecting", "Failed", "Closed"],
  Identifying: ["Ready", "Reconnecting", "Failed", "Closed"],
  Resuming: ["Ready", "Reconnecting", "Failed", "Closed"],
  // A fresh session took over from one that still worked.
  Ready: ["Ready", "Reconnecting", "Failed", "Closed"],
  Reconnecting: ["Connecting", "Failed", "Closed"],
  Failed: ["Connecting", "Closed"],
  Closed: []
} as const satisfies Record<Tag, ReadonlyArray<Tag>>

/** The tags that may follow `From`. */
export type Next<From extends Tag> = (typeof edges)[From][number]

/** Whether the state machine may go from one state to the other. */
export const isLegal = (from: Tag, to: Tag): boolean => (edges[from] as ReadonlyArray<Tag>).includes(to)
