/** Groups, their members, who wants in, and the rules for that. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { assertAsked, group, operation, type World } from "./operation.ts"

const base = `/v2/groups/${group}`
const owner = "0A".repeat(16)
const plain = (world: World) =>
  [...world.simulator.world.group(group).members.values()].find(({ role }) => role === "member")?.id ?? ""

describe("a group", () => {
  operation("groups.info", "tells what it is", (world) =>
    Effect.gen(function* () {
      assert.deepInclude(yield* world.api.groups.info(group), { group_openid: group, member_count: 3 })
      assertAsked(world, "GET", `${base}/info`)
    })
  )

  operation("groups.botState", "tells what the bot is in it", (world) =>
    Effect.gen(function* () {
      assert.deepInclude(yield* world.api.groups.botState(group), { member_role: "admin" })
      assertAsked(world, "GET", `${base}/bot_state`)
    })
  )

  operation("groups.mute", "keeps a plain member quiet, but not the owner", (world) =>
    Effect.gen(function* () {
      const until = { mute_expire_at: "2099-01-01T00:00:00+08:00" }
      const members = [{ op: "add", member_openid: plain(world), ...until }] as const
      yield* world.api.groups.mute(group, { members })
      assertAsked(world, "POST", `${base}/restrict_chat_setting`, { members })
      const { reason } = yield* Effect.flip(
        world.api.groups.mute(group, { members: [{ op: "add", member_openid: owner, ...until }] })
      )
      assert.strictEqual(reason._tag, "Forbidden")
    })
  )

  operation("groups.muteSetting", "tells who is kept quiet", (world) =>
    Effect.gen(function* () {
      const mute_expire_at = "2099-01-01T00:00:00+08:00"
      const member_openid = plain(world)
      yield* world.api.groups.mute(group, {
        members: [{ op: "add", member_openid, mute_expire_at }],
        global_mute: { mode: "always" }
      })
      const setting = yield* world.api.groups.muteSetting(group)
      assertAsked(world, "GET", `${base}/restrict_chat_setting`)
      assert.deepStrictEqual(setting.members, [{ member_openid, mute_expire_at }])
      assert.strictEqual(setting.global_rule?.mode, "always")
    })
  )
})

describe("members of a group", () => {
  operation("groupMembers.list", "pages through them", (world) =>
    Effect.gen(function* () {
      const first = yield* world.api.groupMembers.list(group, { limit: 2 })
      assertAsked(world, "GET", `${base}/members`, undefined, { limit: "2" })
      const rest = yield* world.api.groupMembers.list(group, { cursor: first.next_cursor ?? "", limit: 2 })
      assert.deepStrictEqual([first.members.length, rest.members.length, rest.next_cursor], [2, 1, ""])
    })
  )

  operation("groupMembers.query", "pages through them in the older form", (world) =>
    Effect.gen(function* () {
      const first = yield* world.api.groupMembers.query(group, { limit: 2, start_index: 0 })
      assertAsked(world, "POST", `${base}/members`, { limit: 2, start_index: 0 })
      assert.deepStrictEqual([first.members.length, first.next_index], [2, 2])
    })
  )

  operation("groupMembers.get", "reads one", (world) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.api.groupMembers.get(group, owner)).member_role, "owner")
      assertAsked(world, "GET", `${base}/members/${owner}`)
    })
  )

  operation("groupMembers.remove", "removes some, and keeps them out if asked", (world) =>
    Effect.gen(function* () {
      const id = plain(world)
      const { remove_members_result } = yield* world.api.groupMembers.remove(group, [id], true)
      assertAsked(world, "POST", `${base}/batch_remove_members`, {
        member_openids: [id],
        add_to_member_blacklist: true
      })
      assert.strictEqual(remove_members_result, "success")
      const tooMany = Array.from({ length: 21 }, (_, n) => `m${n}`)
      const { reason } = yield* Effect.flip(world.api.groupMembers.remove(group, tooMany))
      assert.isTrue(reason._tag === "Invalid" && reason.field === "member_openids")
    })
  )

  operation("groupMembers.changeBlacklist", "keeps people out, and names those for whom it failed", (world) =>
    Effect.gen(function* () {
      const changed = yield* world.api.groupMembers.changeBlacklist(group, "add", ["STRANGER", owner])
      assertAsked(world, "POST", `${base}/member_blacklist`, { op: "add", member_openids: ["STRANGER", owner] })
      assert.deepStrictEqual(changed.fail_openids, [owner])
    })
  )

  operation("groupMembers.blacklist", "lists who is kept out", (world) =>
    Effect.gen(function* () {
      yield* world.api.groupMembers.changeBlacklist(group, "add", ["STRANGER"])
      const { users } = yield* world.api.groupMembers.blacklist(group)
      assertAsked(world, "GET", `${base}/member_blacklist`)
      assert.deepStrictEqual(
        users.map((user) => user.member_openid),
        ["STRANGER"]
      )
    })
  )
})

describe("who wants in", () => {
  const knock = (world: World) =>
    world.simulator.emit("GROUP_JOIN_REQUEST", {
      group_openid: group,
      join_request_id: "j1",
      member_openid: "STRANGER",
      username: "stranger"
    })

  operation("joinRequests.list", "is listed", (world) =>
    Effect.gen(function* () {
      yield* knock(world)
      const { list } = yield* world.api.joinRequests.list(group, { limit: 100 })
      assertAsked(world, "GET", `${base}/join_request_list`, undefined, { limit: "100" })
      assert.deepStrictEqual(
        list.map((one) => [one.member_openid, one.join_request_id]),
        [["STRANGER", "j1"]]
      )
    })
  )

  operation("joinRequests.decide", "is let in", (world) =>
    Effect.gen(function* () {
      yield* knock(world)
      const approval = { op: "approve", join_request_id: "j1" } as const
      yield* world.api.joinRequests.decide(group, "STRANGER", approval)
      assertAsked(world, "POST", `${base}/approval_join_request/STRANGER`, approval)
      assert.strictEqual((yield* world.api.groupMembers.get(group, "STRANGER")).member_role, "member")
      assert.deepStrictEqual((yield* world.api.joinRequests.list(group)).list, [])
    })
  )
})

describe("rules for joining", () => {
  const rules = "/v2/groups/join_approval_strategy"
  const made = (world: World) => world.api.joinStrategies.create({ group_openids: [group], remark: "friends" })

  operation("joinStrategies.create", "are made for groups by openid or by number, not both", (world) =>
    Effect.gen(function* () {
      const rule = yield* made(world)
      assertAsked(world, "POST", rules, { group_openids: [group], remark: "friends" })
      assert.strictEqual(rule.is_enable, "on")
      const both = world.api.joinStrategies.create({ group_openids: [group], group_ids: ["1"] })
      assert.strictEqual((yield* Effect.flip(both)).reason._tag, "Invalid")
    })
  )

  operation("joinStrategies.list", "are listed", (world) =>
    Effect.gen(function* () {
      const { strategy_id } = yield* made(world)
      const { strategies } = yield* world.api.joinStrategies.list()
      assertAsked(world, "GET", rules)
      assert.deepStrictEqual(
        strategies.map((one) => [one.strategy_id, one.remark]),
        [[strategy_id, "friends"]]
      )
    })
  )

  operation("joinStrategies.update", "are changed", (world) =>
    Effect.gen(function* () {
      const { strategy_id } = yield* made(world)
      assert.strictEqual((yield* world.api.joinStrategies.update(strategy_id, { is_enable: "off" })).is_enable, "off")
      assertAsked(world, "PATCH", `${rules}/${strategy_id}`, { is_enable: "off" })
    })
  )

  operation("joinStrategies.execute", "are applied to those who wait", (world) =>
    Effect.gen(function* () {
      const { strategy_id } = yield* made(world)
      yield* world.api.joinStrategies.execute(strategy_id)
      assertAsked(world, "POST", `${rules}/${strategy_id}/execute`, {})
    })
  )

  operation("joinStrategies.changeWhitelist", "let in the numbers on their list", (world) =>
    Effect.gen(function* () {
      const { strategy_id } = yield* made(world)
      const changed = yield* world.api.joinStrategies.changeWhitelist(strategy_id, "add", ["10001", "10002"])
      assertAsked(world, "POST", `${rules}/${strategy_id}/whitelist_users`, {
        op: "add",
        whitelist_users: ["10001", "10002"]
      })
      assert.strictEqual(changed.whitelist_user_count, 2)
    })
  )

  operation("joinStrategies.delete", "are deleted", (world) =>
    Effect.gen(function* () {
      const { strategy_id } = yield* made(world)
      yield* world.api.joinStrategies.delete(strategy_id)
      assertAsked(world, "DELETE", `${rules}/${strategy_id}`)
      assert.deepStrictEqual((yield* world.api.joinStrategies.list()).strategies, [])
    })
  )
})
