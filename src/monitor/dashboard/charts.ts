/** The charts: five minutes of figures, drawn by uPlot; each says its latest values in words as well. */
import { byId, h, setText } from "./dom.ts"
import { figure, mebibytes, percent, span } from "./format.ts"
import type { Sample } from "./types.ts"
import uPlot from "./uPlot.js"
import { t, type Word } from "./words.ts"

/** Seconds between two labels of the time axis. */
const steps = [15, 30, 60, 120]
/** The least that is shown of the time, in seconds, while there is little to show. */
const least = 60

const clockOf = (at: number): string => new Date(at * 1000).toTimeString().slice(0, at % 60 === 0 ? 5 : 8)

interface Line {
  readonly label: Word | "p50" | "p95" | "p99"
  /** Of the palette in the style sheet. */
  readonly color: "--line-1" | "--line-2" | "--line-3"
  readonly value: (sample: Sample) => number | null
  readonly tell: (value: number) => string
}

interface Chart {
  readonly title: Word
  readonly lines: ReadonlyArray<Line>
}

const perSecond = (value: number): string => `${figure(value)}/${t("s")}`

const charts: ReadonlyArray<Chart> = [
  {
    title: "rates",
    lines: [
      { label: "received", color: "--line-1", value: ({ received }) => received, tell: perSecond },
      { label: "sent", color: "--line-2", value: ({ sent }) => sent, tell: perSecond }
    ]
  },
  {
    title: "latency",
    lines: [
      { label: "p50", color: "--line-1", value: ({ p50 }) => p50, tell: span },
      { label: "p95", color: "--line-2", value: ({ p95 }) => p95, tell: span },
      { label: "p99", color: "--line-3", value: ({ p99 }) => p99, tell: span }
    ]
  },
  {
    title: "queue",
    lines: [
      { label: "eventsWaiting", color: "--line-1", value: ({ eventsWaiting }) => eventsWaiting, tell: figure },
      { label: "messagesWaiting", color: "--line-2", value: ({ messagesWaiting }) => messagesWaiting, tell: figure },
      {
        label: "oldest",
        color: "--line-3",
        value: ({ oldestMessageAge }) => oldestMessageAge / 1000,
        tell: (s) => span(s * 1000)
      }
    ]
  },
  {
    title: "errorsChart",
    lines: [{ label: "perSecond", color: "--line-3", value: ({ errors }) => errors, tell: figure }]
  },
  {
    title: "processor",
    lines: [
      { label: "cpu", color: "--line-1", value: ({ cpu }) => cpu * 100, tell: (value) => percent(value / 100) },
      { label: "loopDelay", color: "--line-3", value: ({ loopDelay }) => loopDelay, tell: span }
    ]
  },
  {
    title: "memory",
    lines: [
      {
        label: "resident",
        color: "--line-2",
        value: ({ rss }) => rss / 1_048_576,
        tell: (value) => mebibytes(value * 1_048_576)
      }
    ]
  }
]

/** Seconds shown. */
const width = 300
const height = 150

let samples: Array<Sample> = []
let drawn: Array<{
  readonly chart: Chart
  readonly plot: uPlot
  readonly values: HTMLElement
  readonly figure: HTMLElement
}> = []

const name = (label: Line["label"]): string => (label.startsWith("p") && label.length === 3 ? label : t(label as Word))

const color = (variable: string): string => getComputedStyle(document.documentElement).getPropertyValue(variable).trim()

const dataOf = (chart: Chart): uPlot.AlignedData => [
  samples.map(({ at }) => at / 1000),
  ...chart.lines.map(({ value }) => samples.map(value))
]

const axis = (): uPlot.Axis => ({
  stroke: color("--faint"),
  grid: { stroke: color("--grid"), width: 1 },
  ticks: { show: false },
  font: "11px system-ui, sans-serif"
})

/** The place of a chart. All are made before any is drawn, because only then they have their width. */
const place = (chart: Chart) => {
  const values = h("span", { class: "values" })
  const canvas = h("div", { class: "plot", "aria-hidden": "true" })
  const box = h(
    "figure",
    { class: "card chart", role: "img" },
    h("figcaption", {}, h("b", {}, t(chart.title)), values),
    canvas
  )
  byId("charts").append(box)
  return { chart, values, figure: box, canvas }
}

const draw = ({ canvas, chart, ...rest }: ReturnType<typeof place>) => {
  const plot = new uPlot(
    {
      width: Math.max(240, canvas.clientWidth),
      height,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 4, 0, 0],
      scales: {
        x: { time: true, range: (_, min, max) => [Math.max(max - width, Math.min(min, max - least)), max] },
        y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] }
      },
      axes: [
        {
          ...axis(),
          size: 22,
          space: 60,
          incrs: steps,
          values: (_, ticks) => ticks.map(clockOf)
        },
        { ...axis(), size: 44, space: 36 }
      ],
      series: [
        {},
        ...chart.lines.map((line) => ({
          label: name(line.label),
          stroke: color(line.color),
          width: 1.75,
          fill: chart.lines.length === 1 ? `${color(line.color)}22` : "transparent",
          points: { show: false }
        }))
      ]
    },
    dataOf(chart),
    canvas
  )
  return { chart, plot, ...rest }
}

/** What the chart shows now, as words: for the caption, and for who cannot see the lines. */
const describe = ({ chart, figure: box, values }: (typeof drawn)[number]): void => {
  const last = samples.at(-1)
  const told = chart.lines.map(({ label, tell, value, color: variable }) => {
    const now = last === undefined ? null : value(last)
    return { label: name(label), text: now === null ? "–" : tell(now), variable }
  })
  if (values.childElementCount !== told.length) {
    values.replaceChildren(
      ...told.map(({ variable }) =>
        h("span", { class: "value" }, h("i", { class: `swatch ${variable.slice(2)}` }), h("span"))
      )
    )
  }
  told.forEach(({ label, text }, index) => {
    const target = values.children[index]?.lastElementChild
    if (target) setText(target, `${label} ${text}`)
  })
  box.setAttribute("aria-label", `${t(chart.title)}: ${told.map(({ label, text }) => `${label} ${text}`).join(", ")}`)
}

/** Draws all charts anew: at the start, and when language, colours or width changed. */
export const redraw = (): void => {
  for (const { plot } of drawn) plot.destroy()
  byId("charts").replaceChildren()
  drawn = charts.map(place).map(draw)
  drawn.forEach(describe)
}

export const begin = (all: ReadonlyArray<Sample>): void => {
  samples = [...all]
  redraw()
}

export const add = (sample: Sample): void => {
  if ((samples.at(-1)?.at ?? 0) >= sample.at) return
  samples.push(sample)
  if (samples.length > width + 20) samples = samples.slice(-width)
  for (const one of drawn) {
    one.plot.setData(dataOf(one.chart))
    describe(one)
  }
}

export const latest = (): Sample | undefined => samples.at(-1)
