/** Gives an event of QQ the type of its payload, by its name. */
import type { Event } from "../../domain/Event.ts"
import type { QqPayloads } from "./Payloads.ts"
import type { EventName } from "./Protocol.ts"

/** An event whose `data` is the payload that QQ documents for its name. */
export type QqEvent<T extends EventName = EventName> = {
  readonly [K in T]: Event & { readonly platform: "qq"; readonly type: K; readonly data: QqPayloads[K] }
}[T]

/**
 * Whether the event is QQ's and has this name. The payload's shape is the platform's word, not checked: optional
 * fields are to be taken seriously.
 *
 * @example
 * if (isType(event, "GROUP_ADD_ROBOT")) yield* Effect.log(event.data.op_member_openid)
 */
export const isType = <T extends EventName>(event: Event, type: T): event is QqEvent<T> =>
  event.platform === "qq" && event.type === type
