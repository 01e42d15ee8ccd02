// Preloaded with --import: shifts what the child takes for the time of day, and leaves the machine's clock alone. Each
// SIGUSR2 takes the next of the jumps (milliseconds) in TORTURE_JUMPS. Monotonic clocks stay true, as on a real machine.
const jumps = (process.env.TORTURE_JUMPS ?? "").split(",").filter(Boolean).map(Number)
const real = Date
const now = Date.now
let shift = 0

globalThis.Date = class extends real {
  constructor(...parts) {
    if (parts.length === 0) super(now() + shift)
    else super(...parts)
  }
  static now() {
    return now() + shift
  }
}

process.on("SIGUSR2", () => {
  const jump = jumps.shift() ?? 0
  shift += jump
  process.stdout.write(`the clock jumps by ${jump} ms\n`)
})
