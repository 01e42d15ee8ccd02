/** Groups as a bot that administers them sees them. */
import type { Fields } from "../Bodies.ts"
import { timestamp } from "../Payloads.ts"
import type { Answer, Route } from "../Routes.ts"
import { done, inGroup, noContent, ok, paged, Refusals, reading, refuse, route } from "./Table.ts"
import { type Group, show, type World } from "./World.ts"

type Strategy = Readonly<Record<string, unknown>> & { readonly users: Set<string> }

const shown = ({ users, ...strategy }: Strategy) => ({ ...strategy, whitelist_user_count: users.size })

export const make = (world: World): ReadonlyArray<Route> => {
  const group = inGroup(world)
  const strategies = new Map<string, Strategy>()

  const mute = (of: Group, fields: Fields | undefined): Answer => {
    const body = reading(fields)
    const members = body.objects("members") ?? []
    const mode = reading(body.object("global_mute")).text("mode")
    if (members.length === 0 && mode === undefined) return refuse(Refusals.badParameter)
    for (const one of members) {
      const { mute_expire_at: until, op } = one
      const member = of.members.get(String(one["member_openid"]))
      if (member === undefined) return refuse(Refusals.unknownMember)
      // Only plain members can be kept quiet.
      if (member.role !== "member") return refuse(Refusals.notPermitted)
      member.mutedUntil = op === "del" ? 0 : Date.parse(String(until)) || 0
    }
    of.mute = mode ?? of.mute
    return done
  }

  const strategy =
    (answer: (found: Strategy, id: string, fields: Fields | undefined) => Answer): Route["answer"] =>
    ({ fields, params: [id = ""] }) => {
      const found = strategies.get(id)
      return found === undefined ? refuse(Refusals.unknownThing) : answer(found, id, fields)
    }

  return [
    group("GET", "/info", ({ id, members }) =>
      ok({ group_openid: id, group_name: `group ${id.slice(-4)}`, member_count: members.size })
    ),
    group("GET", "/bot_state", ({ id }) => ok({ group_openid: id, member_role: "admin", is_muted: false })),
    group("GET", "/restrict_chat_setting", ({ members, mute: mode }) =>
      ok({
        global_rule: { mode, schedule_rules: [], recurring_rules: [] },
        members: [...members.values()]
          .filter(({ mutedUntil }) => mutedUntil > world.now())
          .map(({ id, mutedUntil }) => ({ member_openid: id, mute_expire_at: timestamp(mutedUntil) }))
      })
    ),
    group("POST", "/restrict_chat_setting", (of, { fields }) => mute(of, fields)),
    group("GET", "/members", ({ members }, { query }) => {
      const { items, next } = paged([...members.values()], query, 30)
      return ok({ members: items.map(show.groupMember), next_cursor: next })
    }),
    group("POST", "/members", ({ members }, { fields }) => {
      const start = reading(fields).number("start_index") ?? 0
      const end = start + (reading(fields).number("limit") ?? 100)
      const all = [...members.values()].map(show.groupMember)
      return ok({ members: all.slice(start, end), ...(end < all.length ? { next_index: end } : {}) })
    }),
    group("GET", "/members/:member", ({ members }, _, id = "") => {
      const member = members.get(id)
      return member === undefined ? refuse(Refusals.unknownMember) : ok(show.groupMember(member))
    }),
    group("POST", "/batch_remove_members", ({ blacklist, members }, { fields }) => {
      const ids = reading(fields).texts("member_openids")
      if (ids === undefined || ids.length === 0 || ids.length > 20) return refuse(Refusals.badParameter)
      for (const id of ids) {
        members.delete(id)
        if (fields?.["add_to_member_blacklist"] === true) blacklist.add(id)
      }
      return ok({ remove_members_result: "success", add_to_member_blacklist_fail_openids: [] })
    }),
    group("GET", "/member_blacklist", ({ blacklist }, { query }) => {
      const { items, next } = paged([...blacklist], query, 20)
      const users = items.map((id) => ({
        member_openid: id,
        username: "",
        banned_at: timestamp(world.now()),
        bot: false
      }))
      return ok({ users, next_cursor: next })
    }),
    group("POST", "/member_blacklist", ({ blacklist, members }, { fields }) => {
      const body = reading(fields)
      const [ids, op] = [body.texts("member_openids"), body.text("op")]
      if (ids === undefined || !(op === "add" || op === "del")) return refuse(Refusals.badParameter)
      // Who is in the group cannot be kept out of it.
      const failed = op === "add" ? ids.filter((id) => members.has(id)) : []
      for (const id of ids) {
        if (op === "del") blacklist.delete(id)
        else if (!failed.includes(id)) blacklist.add(id)
      }
      return ok({ fail_openids: failed })
    }),
    group("GET", "/join_request_list", ({ requests }, { query }) => {
      const { items, next } = paged([...requests.values()], query, 20)
      return ok({ list: items, next_cursor: next })
    }),
    group("POST", "/approval_join_request/:member", ({ blacklist, members, requests }, { fields }, id = "") => {
      const body = reading(fields)
      const op = body.text("op")
      const request = requests.get(id)
      if (op !== "approve" && op !== "decline") return refuse(Refusals.badParameter)
      const wanted = body.text("join_request_id") ?? request?.["join_request_id"]
      if (request === undefined || wanted !== request["join_request_id"]) return refuse(Refusals.unknownThing)
      requests.delete(id)
      if (op === "approve") members.set(id, { id, role: "member", mutedUntil: 0 })
      else if (fields?.["add_to_member_blacklist"] === true) blacklist.add(id)
      return done
    }),
    route("GET", "/v2/groups/join_approval_strategy", ({ query }) => {
      const { items, next } = paged([...strategies.values()], query, 20)
      return ok({ strategies: items.map(shown), next_cursor: next })
    }),
    route("POST", "/v2/groups/join_approval_strategy", ({ fields = {} }) => {
      const body = reading(fields)
      if (body.has("group_openids") === body.has("group_ids")) return refuse(Refusals.badParameter)
      const id = `st_${world.nextId()}`
      const now = timestamp(world.now())
      const usual = { is_enable: "on", expire_at: timestamp(world.now() + 31_536_000_000) }
      const made = { ...usual, ...fields, strategy_id: id, created_at: now, updated_at: now, users: new Set<string>() }
      strategies.set(id, made)
      return ok({ strategy_id: id, is_enable: made.is_enable, expire_at: made.expire_at })
    }),
    route(
      "PATCH",
      "/v2/groups/join_approval_strategy/:strategy",
      strategy((found, id, fields) => {
        const { group_action: _, ...change } = fields ?? {}
        const changed: Strategy = { ...found, ...change, users: found.users }
        strategies.set(id, changed)
        return ok({ is_enable: changed["is_enable"], expire_at: changed["expire_at"] })
      })
    ),
    route(
      "DELETE",
      "/v2/groups/join_approval_strategy/:strategy",
      strategy((_, id) => {
        strategies.delete(id)
        return noContent
      })
    ),
    route(
      "POST",
      "/v2/groups/join_approval_strategy/:strategy/execute",
      strategy(() => done)
    ),
    route(
      "POST",
      "/v2/groups/join_approval_strategy/:strategy/whitelist_users",
      strategy(({ users }, id, fields) => {
        const body = reading(fields)
        const [numbers, op] = [body.texts("whitelist_users"), body.text("op")]
        if (numbers === undefined || !(op === "add" || op === "del")) return refuse(Refusals.badParameter)
        for (const number of numbers) users[op === "add" ? "add" : "delete"](number)
        return ok({ strategy_id: id, whitelist_user_count: users.size, updated_at: timestamp(world.now()) })
      })
    )
  ]
}
