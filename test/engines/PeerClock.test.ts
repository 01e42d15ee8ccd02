import { assert, describe, it } from "@effect/vitest"
import { PeerClock } from "../../src/engines/PeerClock.ts"

const noon = Date.parse("2026-01-02T12:00:00Z")
const date = "Fri, 02 Jan 2026 12:00:00 GMT"

describe("a peer's clock", () => {
  it("is not known before the peer said a date", () => {
    const peer = new PeerClock()
    for (const nothing of [undefined, "", "soon"]) peer.heard(nothing, { asked: 0, came: 1, now: 2 })
    assert.isUndefined(peer.view(noon, 0))
  })

  it("is known as well as a date cut to seconds, and the time of the exchange, allow", () => {
    const peer = new PeerClock()
    peer.heard(date, { asked: 1000, came: 1200, now: noon + 600 })
    assert.deepStrictEqual(peer.view(noon + 600, 1200), { skew: 0, uncertainty: 600, measuredAt: noon + 600 })
  })

  it("goes on by the steady clock, so that ours is found out when it is set", () => {
    const peer = new PeerClock()
    peer.heard(date, { asked: 0, came: 0, now: noon + 500 })
    assert.strictEqual(peer.view(noon + 500 + 60_000, 60_000)?.skew, 0)
    assert.strictEqual(peer.view(noon + 500 + 60_000 - 3_600_000, 60_000)?.skew, -3_600_000)
  })
})
