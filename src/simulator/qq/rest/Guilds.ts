/** Guilds, channels, members, roles, permissions and mutes. */
import type { Route } from "../Routes.ts"
import { inChannel, inGuild, noContent, ok, Refusals, reading, refuse, route } from "./Table.ts"
import { type Guild, show, type World } from "./World.ts"

export type Emit = (type: string, data: unknown) => void

const change = (current: bigint, body: ReturnType<typeof reading>): bigint | undefined => {
  const [add = "0", remove = "0"] = [body.text("add"), body.text("remove")]
  if (!/^\d+$/.test(add) || !/^\d+$/.test(remove) || !(body.has("add") || body.has("remove"))) return undefined
  return (current | BigInt(add)) & ~BigInt(remove)
}

/** View and speak: what everybody may do. */
const usual = 5n

export const make = (world: World, emit: Emit): ReadonlyArray<Route> => {
  const guild = inGuild(world)
  const channel = inChannel(world)

  const muteUntil = (body: ReturnType<typeof reading>): number | undefined => {
    const seconds = body.text("mute_seconds")
    const end = body.text("mute_end_timestamp")
    if (end !== undefined) return /^\d+$/.test(end) ? Number(end) * 1000 : undefined
    return seconds !== undefined && /^\d+$/.test(seconds) ? world.now() + Number(seconds) * 1000 : undefined
  }

  const permission = (what: "member" | "role", path: string, name: string): ReadonlyArray<Route> => [
    channel("GET", path, ({ id, permissions }, _, whose = "") =>
      ok({ channel_id: id, [name]: whose, permissions: String(permissions[what].get(whose) ?? usual) })
    ),
    channel("PUT", path, ({ permissions }, { fields }, whose = "") => {
      const next = change(permissions[what].get(whose) ?? usual, reading(fields))
      if (next === undefined) return refuse(Refusals.badParameter)
      permissions[what].set(whose, next)
      return noContent
    })
  ]

  const roleFrom = (body: ReturnType<typeof reading>) =>
    body.has("name") || body.has("color") || body.has("hoist")
      ? { name: body.text("name"), color: body.number("color"), hoist: body.number("hoist") }
      : undefined

  const withRole =
    (act: (roles: Set<string>, role: string) => void) =>
    ({ members, roles, channels }: Guild, user: string, id: string, channelId: string | undefined) => {
      const member = members.get(user)
      if (member === undefined) return refuse(Refusals.unknownMember)
      if (!roles.has(id)) return refuse(Refusals.unknownThing)
      // Role 5 administers one channel, which must be named.
      if (id === "5" && (channelId === undefined || !channels.has(channelId))) return refuse(Refusals.badParameter)
      act(member.roles, id)
      return noContent
    }
  const give = withRole((roles, id) => roles.add(id))
  const take = withRole((roles, id) => roles.delete(id))
  const named = (fields: Parameters<typeof reading>[0]) => reading(reading(fields).object("channel")).text("id")

  return [
    route("GET", "/users/@me/guilds", ({ query }) => {
      const all = [...world.guilds.values()].map(show.guild)
      const after = query.get("after")
      return ok(all.filter(({ id }) => after === null || id > after).slice(0, Number(query.get("limit") ?? 100)))
    }),
    guild("GET", "", (of) => ok(show.guild(of))),
    guild("GET", "/channels", ({ channels }) => ok([...channels.values()].map(show.channel))),
    guild("POST", "/channels", (of, { fields }) => {
      const body = reading(fields)
      const [name, type] = [body.text("name"), body.number("type")]
      if (name === undefined || type === undefined) return refuse(Refusals.badParameter)
      const made = world.add(of, world.nextId(), name, type, body.number("sub_type"))
      made.position = body.number("position") ?? made.position
      made.parentId = body.text("parent_id") ?? ""
      made.privateType = body.number("private_type") ?? 0
      made.speakPermission = body.number("speak_permission") ?? 1
      emit("CHANNEL_CREATE", { ...show.channel(made), op_user_id: "" })
      return ok(show.channel(made))
    }),
    channel("GET", "", (of) => ok(show.channel(of))),
    channel("PATCH", "", (of, { fields }) => {
      const body = reading(fields)
      of.name = body.text("name") ?? of.name
      of.position = body.number("position") ?? of.position
      of.parentId = body.text("parent_id") ?? of.parentId
      of.privateType = body.number("private_type") ?? of.privateType
      of.speakPermission = body.number("speak_permission") ?? of.speakPermission
      emit("CHANNEL_UPDATE", { ...show.channel(of), op_user_id: "" })
      return ok(show.channel(of))
    }),
    channel("DELETE", "", (of) => {
      world.guilds.get(of.guildId)?.channels.delete(of.id)
      emit("CHANNEL_DELETE", { ...show.channel(of), op_user_id: "" })
      return ok(show.channel(of))
    }),
    channel("GET", "/online_nums", () => ok({ online_nums: 2 })),
    channel("GET", "/voice/members", ({ guildId, type }) =>
      ok(type === 2 ? [...(world.guilds.get(guildId)?.members.values() ?? [])].slice(0, 1).map(show.member) : [])
    ),
    guild("GET", "/members", ({ members }, { query }) => {
      const all = [...members.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
      const after = query.get("after") ?? "0"
      const limit = Number(query.get("limit") ?? 1)
      return ok(
        all
          .filter(({ id }) => after === "0" || id > after)
          .slice(0, limit)
          .map(show.member)
      )
    }),
    guild("GET", "/members/:user", ({ members }, _, id = "") => {
      const member = members.get(id)
      return member === undefined ? refuse(Refusals.unknownMember) : ok(show.member(member))
    }),
    guild("DELETE", "/members/:user", ({ blacklist, id: guildId, members }, { fields }, id = "") => {
      const member = members.get(id)
      if (member === undefined) return refuse(Refusals.unknownMember)
      members.delete(id)
      if (fields?.["add_blacklist"] === true) blacklist.add(id)
      emit("GUILD_MEMBER_REMOVE", { ...show.member(member), guild_id: guildId, op_user_id: "" })
      return noContent
    }),
    guild("GET", "/roles", (of) =>
      ok({
        guild_id: of.id,
        roles: [...of.roles.values()].map((role) => show.role(role, of)),
        role_num_limit: "30"
      })
    ),
    guild("POST", "/roles", (of, { fields }) => {
      const body = roleFrom(reading(fields))
      if (body === undefined) return refuse(Refusals.badParameter)
      const id = world.nextId()
      const role = { id, name: body.name ?? "role", color: body.color ?? 4278245297, hoist: body.hoist ?? 0 }
      of.roles.set(id, role)
      return ok({ role_id: id, role: show.role(role, of) })
    }),
    guild("PATCH", "/roles/:role", (of, { fields }, id = "") => {
      const role = of.roles.get(id)
      const body = roleFrom(reading(fields))
      if (role === undefined) return refuse(Refusals.unknownThing)
      if (body === undefined) return refuse(Refusals.badParameter)
      role.name = body.name ?? role.name
      role.color = body.color ?? role.color
      role.hoist = body.hoist ?? role.hoist
      return ok({ guild_id: of.id, role_id: id, role: show.role(role, of) })
    }),
    guild("DELETE", "/roles/:role", ({ members, roles }, _, id = "") => {
      if (!roles.delete(id)) return refuse(Refusals.unknownThing)
      for (const member of members.values()) member.roles.delete(id)
      return noContent
    }),
    guild("GET", "/roles/:role/members", ({ members, roles }, { query }, id = "") => {
      if (!roles.has(id)) return refuse(Refusals.unknownThing)
      const start = Number(query.get("start_index") ?? 0)
      const end = start + Number(query.get("limit") ?? 400)
      const all = [...members.values()].filter((member) => member.roles.has(id))
      return ok({ data: all.slice(start, end).map(show.member), next: String(end < all.length ? end : 0) })
    }),
    guild("PUT", "/members/:user/roles/:role", (of, { fields }, user = "", id = "") =>
      give(of, user, id, named(fields))
    ),
    guild("DELETE", "/members/:user/roles/:role", (of, { fields }, user = "", id = "") =>
      take(of, user, id, named(fields))
    ),
    ...permission("member", "/members/:user/permissions", "user_id"),
    ...permission("role", "/roles/:role/permissions", "role_id"),
    guild("PATCH", "/mute", (of, { fields }) => {
      const body = reading(fields)
      const until = muteUntil(body)
      if (until === undefined) return refuse(Refusals.badParameter)
      const users = body.texts("user_ids")
      if (users === undefined) {
        of.mutedUntil = until
        return noContent
      }
      const there = users.flatMap((id) => of.members.get(id) ?? [])
      for (const member of there) member.mutedUntil = until
      return ok({ user_ids: there.map(({ id }) => id) })
    }),
    guild("PATCH", "/members/:user/mute", ({ members }, { fields }, id = "") => {
      const member = members.get(id)
      const until = muteUntil(reading(fields))
      if (member === undefined) return refuse(Refusals.unknownMember)
      if (until === undefined) return refuse(Refusals.badParameter)
      member.mutedUntil = until
      return noContent
    })
  ]
}
