/** The globals that a simulated process finds: the same names, another world behind them. */
import type { Realm, Task } from "./Realm.ts"

/** Names that code may call, and what they are while a realm runs. */
const replacements = (realm: Realm) => {
  const setTimer = (
    run: (...args: ReadonlyArray<unknown>) => void,
    millis = 0,
    ...args: ReadonlyArray<unknown>
  ): Task =>
    // As in Node, no timer is shorter than a millisecond.
    realm.timer(Math.max(1, millis), () => run(...args))
  const clear = (task: Task | undefined): void => {
    if (task !== undefined && task !== null) task.run = undefined
  }
  const never = (name: string) => () => {
    throw new Error(`${name} has no place in a simulated process: use Effect's Clock`)
  }
  return [
    [globalThis, "setTimeout", setTimer],
    [globalThis, "clearTimeout", clear],
    [globalThis, "setInterval", never("setInterval")],
    [
      globalThis,
      "setImmediate",
      (run: (...args: ReadonlyArray<unknown>) => void, ...args: ReadonlyArray<unknown>) =>
        realm.immediate(() => run(...args))
    ],
    [globalThis, "clearImmediate", clear],
    [globalThis, "queueMicrotask", (run: () => void) => realm.microtask(run)],
    [Date, "now", () => realm.wall()],
    [Math, "random", () => realm.random()],
    [performance, "now", () => realm.now],
    [process.hrtime, "bigint", () => BigInt(Math.round(realm.now * 1_000_000))],
    [crypto, "randomUUID", () => realm.uuid()]
  ] as const
}

/** Calls `run` with the realm's globals, and puts the real ones back whatever happens. */
export const within = (realm: Realm, run: () => void): void => {
  const undo = replacements(realm).map(([owner, name, value]) => {
    const before = Object.getOwnPropertyDescriptor(owner, name)
    Object.defineProperty(owner, name, { value, writable: true, configurable: true })
    return () => {
      if (before === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, before)
    }
  })
  try {
    run()
  } finally {
    for (const restore of undo) restore()
  }
}
