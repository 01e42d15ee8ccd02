/** Permissions and message settings of a guild, and webhook sessions of the old way. */
import type { Route } from "../Routes.ts"
import { inGuild, noContent, ok, Refusals, reading, refuse, route } from "./Table.ts"
import type { World } from "./World.ts"

export const make = (world: World): ReadonlyArray<Route> => {
  const guild = inGuild(world)
  const webhooks = new Map<string, Readonly<Record<string, unknown>>>()
  const demands = new Map<string, number>()
  return [
    guild("GET", "/api_permission", () =>
      ok({
        apis: [
          { path: "/guilds/{guild_id}/members", method: "GET", desc: "members of a guild", auth_status: 1 },
          { path: "/guilds/{guild_id}/mute", method: "PATCH", desc: "mute a guild", auth_status: 0 }
        ]
      })
    ),
    guild("POST", "/api_permission/demand", ({ channels, id }, { fields }) => {
      const body = reading(fields)
      const channel = body.text("channel_id")
      const identity = body.object("api_identify")
      if (channel === undefined || identity === undefined || !channels.has(channel))
        return refuse(Refusals.badParameter)
      const made = (demands.get(id) ?? 0) + 1
      // Three a day.
      if (made > 3) return refuse(Refusals.notPermitted)
      demands.set(id, made)
      return ok({ guild_id: id, channel_id: channel, api_identify: identity, title: "", desc: body.text("desc") })
    }),
    guild("GET", "/message/setting", ({ channels }) =>
      ok({
        disable_create_dm: false,
        disable_push_msg: false,
        channel_ids: [...channels.keys()],
        channel_push_max_num: 20
      })
    ),
    route("POST", "/gateway/webhook/sessions", ({ fields = {} }) => {
      const id = `wh_${world.nextId()}`
      webhooks.set(id, { ...fields, session_id: id })
      return ok({ version: 1, session_id: id, bot: {}, shard: [0, 1] })
    }),
    route("GET", "/gateway/webhook/sessions", () => ok([...webhooks.values()])),
    route("PATCH", "/gateway/webhook/sessions", ({ query }) =>
      query.get("action") === "check" ? ok([...webhooks.values()]) : refuse(Refusals.badParameter)
    ),
    route("DELETE", "/gateway/webhook/sessions/:session", ({ params: [id = ""] }) =>
      webhooks.delete(id) ? noContent : refuse(Refusals.unknownThing)
    )
  ]
}
