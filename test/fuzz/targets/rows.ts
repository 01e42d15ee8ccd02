/** Frames as a database gives them back: written by another version, or by a bad disk. */

import { fromLaneKey, laneKey } from "../../../src/domain/Conversation.ts"
import { verdictOf } from "../../../src/platforms/qq/Audit.ts"
import { decodeRaw } from "../../../src/platforms/qq/Decode.ts"
import { type Input, textOf, toBytes } from "../Input.ts"
import { look } from "../Look.ts"
import { must } from "../Oracle.ts"
import type { Target } from "../Target.ts"
import { aFrame } from "./frames.ts"

const run = (input: Input): void => {
  const bytes = toBytes(textOf(input))
  const event = decodeRaw("qq:102000001", bytes, "stored")
  look(event)
  verdictOf(event)
  const again = decodeRaw("qq:102000001", bytes, "stored")
  must(
    "decoding repeats",
    again.key === event.key && again._tag === event._tag,
    () => `${event.key}, then ${again.key}`
  )
  const { conversation } = event
  const there = fromLaneKey(conversation.account, laneKey(conversation))
  must("addresses survive", there.kind === conversation.kind && there.id === conversation.id, () =>
    laneKey(conversation)
  )
}

export const rows: Target = {
  name: "rows",
  about: "stored frames, decoded again",
  share: 200,
  renew: 1_000_000,
  generate: aFrame,
  open: async () => ({ run, close: async () => {} })
}
