/**
 * The order in which an account's messages leave: within a conversation by priority, then age, one at a time; across
 * conversations by priority, with every eighth pick from the lowest so that nothing starves. Plain data.
 */
import { laneKey } from "../domain/Conversation.ts"
import type { OutboxMessage, Priority } from "../domain/Message.ts"
import type { RestError } from "../domain/RestError.ts"
import type { Pace } from "./Pace.ts"

/** A row of the outbox in memory. */
export interface Row {
  readonly message: OutboxMessage
  attempts: number
  pace: Pace<RestError> | undefined
}

interface SendLane {
  readonly rows: Array<Row>
  /** Milliseconds, by the clock of the caller of `next`, before which nothing of this lane may leave. */
  notBefore: number
  isBusy: boolean
  isListed: boolean
}

const rank: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 }
const ranked = (row: Row | undefined): number => (row === undefined ? 1 : rank[row.message.priority])

export class RelayQueue {
  /** Rows that are waiting or under way. */
  size = 0
  private picks = 0
  private readonly lanes = new Map<string, SendLane>()
  /** Lanes that may send, by the rank of their first row. */
  private readonly ready: readonly [Array<SendLane>, Array<SendLane>, Array<SendLane>] = [[], [], []]
  /** Lanes that wait for a time. */
  private readonly waiting = new Set<SendLane>()

  add(row: Row): void {
    this.size++
    const key = laneKey(row.message.conversation)
    let lane = this.lanes.get(key)
    if (lane === undefined) {
      lane = { rows: [], notBefore: 0, isBusy: false, isListed: false }
      this.lanes.set(key, lane)
    }
    // Rows of equal priority keep the order of their ids; the one under way stays first.
    let at = lane.rows.length
    const first = lane.isBusy ? 1 : 0
    while (at > first && comesBefore(row, lane.rows[at - 1])) at--
    lane.rows.splice(at, 0, row)
    if (lane.isBusy) return
    // A lane already listed lower is listed again where its new first row belongs; `next` skips the stale entry.
    if (at === 0 && lane.isListed && !this.waiting.has(lane)) this.ready[ranked(row) as 0 | 1 | 2].push(lane)
    else this.list(lane)
  }

  /** The next row to send, whose lane is busy from now on. */
  next(now: number): Row | undefined {
    for (const lane of this.waiting) {
      if (lane.notBefore > now) continue
      this.waiting.delete(lane)
      lane.isListed = false
      this.list(lane)
    }
    this.picks++
    const order = this.picks % 8 === 0 ? [2, 1, 0] : [0, 1, 2]
    for (const level of order) {
      const lanes = this.ready[level as 0 | 1 | 2]
      while (lanes.length > 0) {
        const lane = lanes.shift() as SendLane
        lane.isListed = false
        const row = lane.rows[0]
        if (row === undefined || lane.isBusy) continue
        if (lane.notBefore > now) {
          lane.isListed = true
          this.waiting.add(lane)
          continue
        }
        lane.isBusy = true
        return row
      }
    }
    return undefined
  }

  /** The row came to rest. */
  done(row: Row): void {
    this.size--
    const key = laneKey(row.message.conversation)
    const lane = this.lanes.get(key)
    if (lane === undefined) return
    lane.rows.shift()
    lane.isBusy = false
    lane.notBefore = 0
    if (lane.rows.length === 0) this.lanes.delete(key)
    else this.list(lane)
  }

  /** Takes out all of a lane but what is under way. */
  withdraw(key: string): void {
    const lane = this.lanes.get(key)
    if (lane === undefined) return
    this.size -= lane.rows.splice(lane.isBusy ? 1 : 0).length
    if (lane.rows.length > 0) return
    this.lanes.delete(key)
    this.waiting.delete(lane)
  }

  /** The row stays first in its lane, which waits until `notBefore`. */
  putBack(row: Row, notBefore: number): void {
    const lane = this.lanes.get(laneKey(row.message.conversation))
    if (lane === undefined) return
    lane.isBusy = false
    lane.notBefore = notBefore
    this.list(lane)
  }

  /** The earliest time at which a waiting lane may send, or undefined. */
  nextTime(): number | undefined {
    let earliest: number | undefined
    for (const lane of this.waiting) {
      if (earliest === undefined || lane.notBefore < earliest) earliest = lane.notBefore
    }
    return earliest
  }

  /** Whether something could be sent right now. */
  hasReady(now: number): boolean {
    for (const lane of this.lanes.values()) {
      if (!lane.isBusy && lane.rows.length > 0 && lane.notBefore <= now) return true
    }
    return false
  }

  /** Since when (epoch milliseconds) the message that is overdue longest could have left. Messages for later are not here. */
  oldest(): number | undefined {
    let oldest: number | undefined
    for (const { rows } of this.lanes.values()) {
      for (const { message } of rows) {
        const since = Math.max(message.createdAt, message.notBefore)
        if (oldest === undefined || since < oldest) oldest = since
      }
    }
    return oldest
  }

  /** Ids of the rows of a lane. */
  idsOf(key: string): ReadonlyArray<number> {
    return this.lanes.get(key)?.rows.map(({ message }) => message.id) ?? []
  }

  private list(lane: SendLane): void {
    if (lane.isListed) return
    lane.isListed = true
    this.ready[ranked(lane.rows[0]) as 0 | 1 | 2].push(lane)
  }
}

const comesBefore = (row: Row, other: Row | undefined): boolean => {
  if (other === undefined) return false
  const difference = ranked(row) - ranked(other)
  return difference === 0 ? row.message.id < other.message.id : difference < 0
}
