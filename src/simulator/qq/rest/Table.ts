/** What the tables of routes are written with. */
import type { Fields } from "../Bodies.ts"
import type { Refusal } from "../Codes.ts"
import type { Answer, Call, Route } from "../Routes.ts"
import type { Channel, Group, Guild, World } from "./World.ts"

export const ok = (body: unknown): Answer => ({ status: 200, body })
export const noContent: Answer = { status: 204 }
export const done: Answer = { status: 200, body: {} }
export const refuse = (refusal: Refusal): Answer => ({ refusal })

export const Refusals = {
  unknownGuild: { status: 404, code: 10004, message: "unknown guild" },
  unknownChannel: { status: 404, code: 10003, message: "unknown channel" },
  unknownMember: { status: 404, code: 10001, message: "unknown account" },
  unknownThing: { status: 404, code: 501_001, message: "no such thing here" },
  badParameter: { status: 400, code: 12002, message: "invalid parameter" },
  notPermitted: { status: 403, code: 11253, message: "check app privilege not pass" },
  tooManyPins: { status: 400, code: 12002, message: "too many pins" },
  notYours: { status: 400, code: 50049, message: "message is not yours" },
  noKeyboard: { status: 400, code: 50051, message: "message has no keyboard" },
  panelForAll: { status: 400, code: 40030021, message: "panel target is not supported" },
  partNotReady: { status: 400, code: 40093001, message: "part is not ready" },
  mediaGone: { status: 400, code: 40034004, message: "file_info is invalid" },
  frameTooSoon: { status: 429, code: 22009, message: "frames come too fast" }
} as const satisfies Record<string, Refusal>

export const route = (method: Route["method"], path: string, answer: Route["answer"]): Route => ({
  method,
  path,
  answer
})

/** Routes below `/guilds/:guild`. */
export const inGuild =
  (world: World) =>
  (method: string, path: string, answer: (guild: Guild, call: Call, ...ids: ReadonlyArray<string>) => Answer): Route =>
    route(method, `/guilds/:guild${path}`, (call) => {
      const [id = "", ...ids] = call.params
      const guild = world.guilds.get(id)
      return guild === undefined ? refuse(Refusals.unknownGuild) : answer(guild, call, ...ids)
    })

/** Routes below `/channels/:channel`. */
export const inChannel =
  (world: World) =>
  (
    method: string,
    path: string,
    answer: (channel: Channel, call: Call, ...ids: ReadonlyArray<string>) => Answer
  ): Route =>
    route(method, `/channels/:channel${path}`, (call) => {
      const [id = "", ...ids] = call.params
      const channel = world.channel(id)
      return channel === undefined ? refuse(Refusals.unknownChannel) : answer(channel, call, ...ids)
    })

/** Routes below `/v2/groups/:group`. */
export const inGroup =
  (world: World) =>
  (method: string, path: string, answer: (group: Group, call: Call, ...ids: ReadonlyArray<string>) => Answer): Route =>
    route(method, `/v2/groups/:group${path}`, (call) => {
      const [id = "", ...ids] = call.params
      return answer(world.group(id), call, ...ids)
    })

/** Reads a body field by field; what has the wrong type is absent. */
export const reading = (fields: Fields | undefined) => ({
  text: (name: string): string | undefined => {
    const value = fields?.[name]
    return typeof value === "string" && value !== "" ? value : undefined
  },
  number: (name: string): number | undefined => {
    const value = fields?.[name]
    return typeof value === "number" && Number.isInteger(value) ? value : undefined
  },
  texts: (name: string): ReadonlyArray<string> | undefined => {
    const value = fields?.[name]
    return Array.isArray(value) && value.every((one) => typeof one === "string") ? value : undefined
  },
  object: (name: string): Fields | undefined => {
    const value = fields?.[name]
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined
  },
  objects: (name: string): ReadonlyArray<Fields> | undefined => {
    const value = fields?.[name]
    return Array.isArray(value) ? value.filter((one) => typeof one === "object" && one !== null) : undefined
  },
  has: (name: string): boolean => fields?.[name] !== undefined
})

/** A page of a list by cursor, which is an offset to us and opaque to bots. */
export const paged = <A>(all: ReadonlyArray<A>, query: URLSearchParams, usual: number) => {
  const start = Number(query.get("cursor") ?? 0) || 0
  const end = start + Number(query.get("limit") ?? usual)
  return { items: all.slice(start, end), next: end < all.length ? String(end) : "" }
}
