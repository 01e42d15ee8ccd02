import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { ProcessGuard } from "everbot/monitor"
import * as Bot from "../../../src/Bot.ts"
import { Exit, ProcessorTime } from "../../../src/monitor/guard/Exit.ts"
import { isQuiet } from "../../../src/monitor/guard/Judge.ts"
import { RestartBook } from "../../../src/monitor/guard/RestartBook.ts"
import { LoopDelay } from "../../../src/monitor/health/LoopDelay.ts"
import { Memory } from "../../../src/monitor/health/Memory.ts"
import { FakePlatform, FakeStore, start } from "../../../src/testing/index.ts"
import { start as startProcess } from "../../cli/child.ts"
import { news } from "../../fixtures/runtime.ts"

const MiB = 1024 ** 2

/** A process whose figures are as told, and what the guard did to it; each build is another start on the same disk. */
const machine = (options: ProcessGuard.Options = {}) => {
  const disk = FakeStore.make()
  const figures = { rss: 10, cpu: 0, delay: 1 }
  const ended: Array<number> = []
  const deadlines: Array<readonly [code: number, millis: number]> = []
  const measured = Effect.sync(() => ({
    ...{ rss: figures.rss * MiB, used: figures.rss * MiB, limit: 100 * MiB },
    of: "container" as const
  }))
  const life = () => {
    const fake = FakePlatform.make()
    return ProcessGuard.layer(options).pipe(
      Layer.provideMerge(RestartBook.layer),
      Layer.provideMerge(Layer.effectDiscard(Effect.flatMap(Bot.Runtime, (it) => it.attach(fake.platform)))),
      Layer.provideMerge(Bot.layer),
      Layer.provide(disk.layer),
      Layer.provide([
        Layer.succeed(Memory, measured),
        Layer.succeed(
          LoopDelay,
          Effect.succeed(() => ({ p99: figures.delay, max: figures.delay }))
        ),
        Layer.succeed(ProcessorTime, () => figures.cpu),
        Layer.succeed(Exit, {
          atTheLatest: (code, millis) => void deadlines.push([code, millis]),
          end: (code) => Effect.sync(() => void ended.push(code))
        })
      ]),
      Layer.fresh
    )
  }
  const inLife = <A, E>(run: Effect.Effect<A, E, Layer.Success<ReturnType<typeof life>> | Scope.Scope>) =>
    Effect.provide(Effect.andThen(start, Effect.scoped(run)), life(), { local: true })
  return { disk, figures, ended, deadlines, inLife }
}

const pass = (seconds: number) =>
  Effect.forEach(Array.from({ length: seconds }), () => TestClock.adjust("1 second"), { discard: true })

const history = Effect.map(RestartBook, (book) => book.history().map(({ cause, code }) => [cause, code]))

describe("the process guard", () => {
  it.effect("ends a process that is full for the whole window: cause stored, drained, and then the exit", () => {
    const { deadlines, ended, figures, inLife } = machine({ memoryWindow: "1 minute" })
    return Effect.gen(function* () {
      yield* inLife(
        Effect.gen(function* () {
          const heard = yield* news
          yield* pass(30)
          figures.rss = 95
          yield* pass(50)
          figures.rss = 50
          yield* pass(20)
          figures.rss = 95
          yield* pass(60)
          assert.deepStrictEqual(ended, [])
          yield* pass(20)
          assert.deepStrictEqual([ended, deadlines], [[75], [[75, 30_000]]])
          assert.include(
            heard.map(({ _tag }) => _tag),
            "Drained"
          )
          yield* pass(60)
          assert.deepStrictEqual(ended, [75])
        })
      )
      yield* inLife(
        Effect.gen(function* () {
          const [last] = (yield* RestartBook).history()
          assert.deepInclude(last, { cause: "memory", code: 75, startedAt: 0, pid: process.pid })
          assert.match(last?.detail ?? "", /^95 MiB, 95 % of 100 MiB, for 1m/)
        })
      )
    })
  })

  it.effect("ends one that computes without a break, one whose timers are late, and neither in a moment of it", () => {
    const busy = machine({ cpuWindow: "1 minute" })
    const late = machine({ loopWindow: "1 minute" })
    return Effect.gen(function* () {
      yield* busy.inLife(
        Effect.gen(function* () {
          const compute = Effect.andThen(
            Effect.sync(() => {
              busy.figures.cpu += 990
            }),
            TestClock.adjust("1 second")
          )
          const work = (seconds: number) => Effect.forEach(Array.from({ length: seconds }), () => compute)
          yield* work(50)
          yield* pass(20)
          yield* work(60)
          assert.deepStrictEqual(busy.ended, [])
          yield* work(30)
          assert.deepStrictEqual([busy.ended, yield* history], [[75], [["cpu", 75]]])
        })
      )
      yield* late.inLife(
        Effect.gen(function* () {
          late.figures.delay = 1500
          yield* pass(100)
          assert.deepStrictEqual([late.ended, yield* history], [[75], [["event loop", 75]]])
        })
      )
    })
  })

  it.effect("ends one that is old enough, in a quiet hour and not before", () => {
    const hourAt = (millis: number) => new Date(millis).getHours()
    const quiet = hourAt(26 * 3_600_000)
    const { ended, inLife } = machine({
      interval: "10 minutes",
      maxUptime: "1 day",
      quietHours: [quiet, quiet + 1]
    })
    return inLife(
      Effect.gen(function* () {
        const hour = (n: number) =>
          Effect.forEach(Array.from({ length: n * 6 }), () => TestClock.adjust("10 minutes"), { discard: true })
        yield* hour(25)
        assert.deepStrictEqual(ended, [])
        yield* hour(0.5)
        assert.deepStrictEqual(ended, [])
        yield* hour(1)
        assert.deepStrictEqual([ended, yield* history], [[75], [["uptime", 75]]])
      })
    )
  })

  it("knows quiet hours that go over midnight", () => {
    assert.deepStrictEqual(
      [22, 23, 0, 4, 5, 12].map((hour) => isQuiet(hour, [23, 5])),
      [false, true, true, true, false, false]
    )
  })

  it.effect(
    "ends nothing any more when restarts did not help, says so in health, and begins again when it is well",
    () => {
      const { ended, figures, inLife } = machine({
        memoryWindow: "10 seconds",
        budget: { restarts: 2, window: "1 hour" }
      })
      const guarded = Effect.map(Bot.health, ({ checks }) => checks.find(({ name }) => name === "process guard"))
      return Effect.gen(function* () {
        figures.rss = 95
        for (let n = 0; n < 2; n++) yield* inLife(pass(40))
        assert.deepStrictEqual(ended, [75, 75])
        yield* inLife(
          Effect.gen(function* () {
            yield* pass(70)
            assert.deepStrictEqual(ended, [75, 75])
            const { level, reason } = (yield* guarded) ?? {}
            assert.strictEqual(level, "degraded")
            assert.match(reason ?? "", /^memory: 95 MiB.*not ended, because it ended 2 times within 1h/)
            figures.rss = 10
            yield* pass(40)
            assert.strictEqual((yield* guarded)?.level, "healthy")
            // The hour goes by: it may be ended again.
            yield* pass(3600)
            figures.rss = 95
            yield* pass(40)
            assert.deepStrictEqual(ended, [75, 75, 75])
          })
        )
      })
    }
  )

  it.effect("tells a process that was stopped from one that died without a word, and neither forgets the other", () => {
    const { disk, inLife } = machine()
    return Effect.gen(function* () {
      yield* inLife(pass(5))
      yield* inLife(Effect.andThen(pass(130), disk.crash))
      yield* inLife(
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* history, [
            ["died", null],
            ["stopped", 0]
          ])
          const [died] = (yield* RestartBook).history()
          // Its mark is renewed every minute.
          assert.strictEqual(died?.startedAt, 5000)
          assert.approximately(died?.at ?? 0, 125_000, 5000)
        })
      )
    })
  })

  it.live("ends a real process that nobody caught an exception of, and the next one knows why", () =>
    Effect.gen(function* () {
      const path = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "everbot-guard-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const env = { EVERBOT_DB: join(path, "bot.db") }
      const script = "test/monitor/guard/guarded.ts"
      const first = yield* startProcess([script], { ...env, FAULT: "throw" })
      assert.strictEqual(yield* first.exit, 70, first.output())
      assert.include(first.output(), "drained; left: 0 events, 0 messages")
      const second = yield* startProcess([script], { ...env, FAULT: "memory" })
      assert.strictEqual(yield* second.exit, 75, second.output())
      const third = yield* startProcess([script], { ...env, FAULT: "stuck" })
      assert.strictEqual(yield* third.exit, 70, third.output())
      const last = yield* startProcess([script], env)
      assert.strictEqual(yield* last.exit, 0, last.output())
      const [line = ""] = /HISTORY .*/.exec(last.output()) ?? []
      assert.match(
        line,
        /^HISTORY defect 70 Error: out of order; memory 75 \d+ MiB.*; defect 70 Error: nobody caught me$/
      )
    })
  )
})
