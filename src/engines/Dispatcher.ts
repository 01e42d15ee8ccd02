/**
 * Gives stored events to handlers: in order within a conversation, in parallel across conversations.
 *
 * A conversation's events wait in its lane. A lane runs one turn at a time; a turn that fails is retried in its lane
 * until it succeeds or becomes a dead letter, while other lanes go on. Only so many events are held in memory: lanes
 * keep the ids of the rest and fetch them from the store when they get there, so that one flooded conversation costs
 * neither memory nor the others' time. When even the ids are too many, `isFull` tells the gateway to stop reading.
 *
 * Hot path: plain functions; a handler that ends at once costs one fork and no timer, one done when it returns not even that.
 */
import { Cause, Duration, Effect, Exit, type Fiber } from "effect"
import * as HandlerError from "../domain/HandlerError.ts"
import type { StoreError } from "../domain/StoreError.ts"
import type { TurnWrite } from "../ports/Store.ts"
import type { Timer } from "./Alarm.ts"
import { Burial } from "./Burial.ts"
import type { Counters, DispatcherOptions, DispatcherPorts } from "./DispatcherPorts.ts"
import { Begun, type Handler } from "./Handlers.ts"
import { type Delivery, type Lane, Lanes } from "./Lanes.ts"
import * as Pace from "./Pace.ts"
import { ActiveTurn, handled, TurnEnded } from "./Turn.ts"

export class Dispatcher {
  readonly counters: Counters = { received: 0, handled: 0, failedTurns: 0, dead: 0, lastEventAt: undefined }
  readonly lanes: Lanes
  /** Turns under way or waiting for their commit. */
  running = 0
  private isStopped = false
  private readonly ready: Array<Lane> = []
  /** Turns that did not end at once. */
  private readonly fibers = new Set<Fiber.Fiber<unknown, unknown>>()
  private readonly idleWaiters: Array<() => void> = []
  private readonly fork: <A, E>(effect: Effect.Effect<A, E>) => Fiber.Fiber<A, E>
  private readonly timeout: number
  private readonly options: DispatcherOptions
  private readonly ports: DispatcherPorts
  private readonly burial: Burial

  constructor(options: DispatcherOptions, ports: DispatcherPorts) {
    this.options = options
    this.ports = ports
    this.lanes = new Lanes(options, ports.canSpill)
    this.fork = ports.fork
    this.timeout = Duration.toMillis(options.handlerTimeout)
    this.burial = new Burial(ports, this.counters)
  }

  /** Whether the gateway should stop reading. */
  get isFull(): boolean {
    return this.lanes.isFull
  }

  /** Takes an event that is stored. */
  take(delivery: Delivery): void {
    const lane = this.lanes.of(delivery.event.conversation)
    if (lane.isIdle && !lane.isHeld && this.canStart()) {
      this.lanes.entered(delivery)
      if (!this.start(lane, delivery)) return
      lane.isBusy = false
      // Something may have come in while the turn ran.
      if (!lane.isIdle) this.advance(lane)
      return
    }
    this.lanes.push(lane, delivery)
    if (!lane.isBusy) this.wake(lane)
  }

  /** Takes an event of which only the id is known, e.g. after a restart. */
  takeStored(lane: Lane, id: number): void {
    this.lanes.pushId(lane, id)
    if (!lane.isBusy) this.wake(lane)
  }

  /** Starts lanes that waited for something outside: a free slot, room in the outbox. */
  resume(): void {
    while (this.ready.length > 0 && this.canStart()) {
      const lane = this.ready.shift() as Lane
      lane.isReady = false
      this.advance(lane)
    }
    // What a person holds may be all that is left now, and nothing of it will say so later.
    this.left()
  }

  /** Starts no further turns and interrupts those under way: their events stay unsettled. */
  stop(): void {
    this.isStopped = true
    for (const fiber of this.fibers) fiber.interruptUnsafe()
    this.ports.probation.stop()
  }

  private canStart(): boolean {
    return !this.isStopped && this.running < this.options.concurrency && !this.ports.isBlocked()
  }

  /** Lets a lane go on that is not busy. */
  wake(lane: Lane): void {
    if (lane.isHeld) this.left()
    else if (this.canStart()) this.advance(lane)
    else this.list(lane)
  }

  private list(lane: Lane): void {
    if (lane.isReady) return
    lane.isReady = true
    this.ready.push(lane)
  }

  /** A turn took time: its lane goes on behind those that wait, so that a flood does not starve them. */
  private goOn(lane: Lane): void {
    lane.isBusy = false
    if (this.ready.length === 0) this.advance(lane)
    else if (lane.peek() !== undefined) this.list(lane)
  }

  /** Runs the lane's events until it is empty or one of them takes time. */
  private advance(lane: Lane): void {
    while (!lane.isBusy && !lane.isHeld) {
      const next = lane.peek()
      if (next === undefined) return
      if (!this.canStart()) return this.wake(lane)
      if (typeof next === "number") return this.fetch(lane)
      lane.shift()
      if (!this.start(lane, next)) return
      lane.isBusy = false
    }
  }

  private fetch(lane: Lane): void {
    lane.isBusy = true
    // A fetch holds the slot of the turn that it is for, or all lanes would fetch at once.
    this.running++
    const ids = lane.leadingIds(Math.min(32, Math.max(1, this.options.maxResident - this.lanes.resident)))
    this.fork(this.ports.load(ids)).addObserver((exit) => {
      this.running--
      if (Exit.isFailure(exit)) return
      this.lanes.loaded(lane, ids.length, exit.value)
      if (exit.value.length < ids.length) {
        const known = new Set(exit.value.map(({ id }) => id))
        for (const id of ids) if (!known.has(id)) this.survived(id)
        this.left()
      }
      lane.isBusy = false
      this.advance(lane)
      this.resume()
    })
  }

  /** Runs one turn. True when it ended at once and the lane may go on. */
  private start(lane: Lane, delivery: Delivery): boolean {
    const handler = this.ports.handlerOf(delivery.event)
    if (handler === undefined) {
      this.survived(delivery.id)
      this.ports.settle(delivery.id)
      this.done(delivery)
      return true
    }
    lane.isBusy = true
    const { probation } = this.ports
    if (delivery.id > probation.upTo || probation.mayRun(delivery.id)) return this.run(lane, delivery, handler)
    probation.admit(delivery.id, () => {
      if (this.isStopped) return
      if (this.run(lane, delivery, handler)) this.goOn(lane)
      this.resume()
    })
    return false
  }

  private run(lane: Lane, delivery: Delivery, handler: Handler): boolean {
    this.running++
    const begun = handler.start(delivery.event, delivery, this.open)
    if (!(begun instanceof Begun)) return this.ended(lane, delivery, undefined, begun)
    const exit = begun.fiber.pollUnsafe()
    if (exit !== undefined) return this.ended(lane, delivery, begun.turn, exit)
    this.watch(lane, delivery, begun.turn, begun.fiber)
    return false
  }

  private readonly open = ({ event, receivedAt, attempt, shard }: Delivery): ActiveTurn =>
    new ActiveTurn(event, receivedAt, attempt, this.options.maxMessages, this.ports.readState, shard)

  private watch(lane: Lane, delivery: Delivery, turn: ActiveTurn, fiber: Fiber.Fiber<unknown, unknown>): void {
    const timer: Timer = this.ports.alarm.set(this.ports.alarm.now() + this.timeout, () => {
      isOver = true
      const limit = this.options.handlerTimeout
      const reason = turn.waitsForStore
        ? new HandlerError.StoreUnavailable({ detail: `nothing within ${Duration.format(limit)}` })
        : new HandlerError.TimedOut({ limit })
      fiber.interruptUnsafe()
      turn.abandon()
      this.running--
      if (this.isStopped) return
      this.survived(delivery.id)
      this.fail(lane, delivery, reason)
      this.resume()
    })
    let isOver = false
    this.fibers.add(fiber)
    fiber.addObserver((exit) => {
      this.fibers.delete(fiber)
      if (isOver) return
      timer.cancel()
      if (this.ended(lane, delivery, turn, exit)) this.goOn(lane)
      this.resume()
    })
  }

  /** The handler of an event that an earlier process left ended, whatever came of it; or none will ever run. */
  private survived(id: number): void {
    if (id <= this.ports.probation.upTo) this.ports.probation.ended(id)
  }

  /** A turn's fiber ended, or needed none. True when the lane may go on at once. */
  private ended(
    lane: Lane,
    delivery: Delivery,
    turn: ActiveTurn | undefined,
    exit: Exit.Exit<unknown, unknown>
  ): boolean {
    this.survived(delivery.id)
    if (Exit.isFailure(exit)) {
      const error = Cause.findErrorOption(exit.cause)
      if (error._tag !== "Some" || !(error.value instanceof TurnEnded)) {
        turn?.abandon()
        this.running--
        if (!(Cause.hasInterruptsOnly(exit.cause) && this.isStopped))
          this.fail(lane, delivery, HandlerError.fromCause(exit.cause))
        return false
      }
    }
    // A handler that caught the end of its turn, and went on, did handle it.
    else if (turn !== undefined) turn.outcome = handled
    const write = turn?.close(delivery.id)
    if (turn === undefined || write === undefined) {
      turn?.committed()
      this.running--
      this.ports.settle(delivery.id)
      this.done(delivery)
      return true
    }
    return this.commit(lane, delivery, turn, write)
  }

  /** Only a turn that wrote state can conflict, so only then must its lane wait for the commit. */
  private commit(lane: Lane, delivery: Delivery, turn: ActiveTurn, write: TurnWrite): boolean {
    const mustWait = write.state.length > 0
    this.ports.commit(write, (result) => {
      this.running--
      if (result._tag === "Committed") turn.committed()
      else turn.abandon()
      if (result._tag === "Refused") return this.refused(lane, delivery, result.error, mustWait)
      if (result._tag === "Conflict") lane.unshift(delivery)
      else if (turn.outcome._tag === "Deferred") this.defer(lane, delivery, turn.outcome.until)
      else this.done(delivery)
      if (mustWait) this.goOn(lane)
      this.resume()
    })
    return !mustWait
  }

  private defer(lane: Lane, delivery: Delivery, until: number): void {
    this.gone(delivery)
    if (this.ports.canSpill) return this.deferStored(lane, delivery.id, until)
    lane.pins++
    // As if it came from the store.
    delivery.attempt = 1
    delivery.pace = undefined
    this.ports.alarm.set(until, () => {
      lane.pins--
      this.lanes.push(lane, delivery)
      if (!lane.isBusy) this.wake(lane)
    })
  }

  /** Gives an event back to its lane at `until` (epoch milliseconds). */
  deferStored(lane: Lane, id: number, until: number): void {
    lane.pins++
    this.ports.alarm.set(until, () => {
      lane.pins--
      this.takeStored(lane, id)
    })
  }

  private done(delivery: Delivery): void {
    this.counters.handled++
    this.gone(delivery)
  }

  private gone(delivery: Delivery): void {
    if (this.lanes.gone(delivery)) this.ports.pressureChanged()
    this.left()
  }

  private left(): void {
    if (this.idleWaiters.length > 0 && this.lanes.isIdle(this.running)) {
      for (const resume of this.idleWaiters.splice(0)) resume()
    }
  }

  /** Completes when nothing waits, but what a person holds, and nothing runs. */
  get idle(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (this.lanes.isIdle(this.running)) return resume(Effect.void)
      this.idleWaiters.push(() => resume(Effect.void))
    })
  }

  /** A turn failed: again after a while, in its lane, or never again. */
  private fail(lane: Lane, delivery: Delivery, reason: HandlerError.Reason): void {
    this.counters.failedTurns++
    const { key, type } = delivery.event
    const error = new HandlerError.HandlerError({ event: { key, type }, attempt: delivery.attempt, reason })
    this.fork(Pace.ofDelivery(delivery, error, this.options.redeliver)).addObserver((exit) => {
      const delay = Exit.isSuccess(exit) ? exit.value : undefined
      this.ports.failed(delivery, error, delay !== undefined)
      if (delay === undefined) return this.bury(lane, delivery, error)
      if (reason._tag !== "StoreUnavailable") delivery.attempt++
      this.ports.alarm.set(this.ports.alarm.now() + delay, () => {
        lane.isBusy = false
        lane.unshift(delivery)
        this.wake(lane)
      })
    })
  }

  private bury(lane: Lane, delivery: Delivery, error: HandlerError.HandlerError): void {
    this.burial.bury(delivery, error, () => {
      this.gone(delivery)
      lane.isBusy = false
      this.wake(lane)
    })
  }

  /** Buries a stored event that no lane holds, without running it. */
  condemn(delivery: Delivery, attempts: number, reason: HandlerError.Reason): void {
    this.burial.kill(delivery, attempts, reason, () => {})
  }

  /** The store cannot hold what the turn left: that is a bug of the handler. Its lane waits for it, or has gone on. */
  private refused(lane: Lane, delivery: Delivery, error: StoreError, mustWait: boolean): void {
    this.counters.failedTurns++
    this.burial.kill(delivery, delivery.attempt, new HandlerError.Died({ cause: Cause.die(error) }), () => {
      this.gone(delivery)
      if (mustWait) this.goOn(lane)
    })
    this.resume()
  }
}
