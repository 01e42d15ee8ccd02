/** The bot itself, guilds, channels, members, and who may do what. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { assertAsked, channel, guild, online, operation, owner, person, someone } from "./operation.ts"

describe("the bot", () => {
  operation("me.get", "tells who the bot is", (world) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.api.me.get()).username, "everbot")
      assertAsked(world, "GET", "/users/@me")
      assert.match(world.last().headers["authorization"] ?? "", /^QQBot \S+$/)
      assert.strictEqual(world.last().headers["x-union-appid"], world.simulator.appId)
    })
  )

  operation("me.guilds", "lists the guilds the bot is in, by page", (world) =>
    Effect.gen(function* () {
      const all = yield* world.api.me.guilds({ limit: 10 })
      assertAsked(world, "GET", "/users/@me/guilds", undefined, { limit: "10" })
      assert.deepStrictEqual(
        all.map(({ id }) => id),
        [guild]
      )
      assert.deepStrictEqual(yield* world.api.me.guilds({ after: guild }), [])
    })
  )

  operation("me.openDirect", "opens a session that messages can be sent to", (world) =>
    Effect.gen(function* () {
      yield* online(world.simulator)
      const session = yield* world.api.me.openDirect(someone, guild)
      assertAsked(world, "POST", "/users/@me/dms", { recipient_id: someone, source_guild_id: guild })
      const sent = yield* world.api.messages.sendToDirect(session.guild_id, { content: "psst" })
      assert.strictEqual(sent.status, "sent")
    })
  )
})

describe("a guild", () => {
  operation("guilds.get", "reads a guild", (world) =>
    Effect.gen(function* () {
      const found = yield* world.api.guilds.get(guild)
      assertAsked(world, "GET", `/guilds/${guild}`)
      assert.deepStrictEqual([found.id, found.member_count], [guild, 4])
      const { reason } = yield* Effect.flip(world.api.guilds.get("404"))
      assert.strictEqual(reason._tag, "NotFound")
      assert.strictEqual(reason.code, 10004)
    })
  )

  operation("guilds.channels", "lists the channels of a guild", (world) =>
    Effect.gen(function* () {
      const all = yield* world.api.guilds.channels(guild)
      assertAsked(world, "GET", `/guilds/${guild}/channels`)
      assert.deepStrictEqual(
        all.map(({ id, type }) => [id, type]),
        [
          [channel, 0],
          ["100020", 2],
          ["100030", 10007]
        ]
      )
    })
  )
})

describe("a channel", () => {
  operation("channels.get", "reads a channel", (world) =>
    Effect.gen(function* () {
      const found = yield* world.api.channels.get(channel)
      assertAsked(world, "GET", `/channels/${channel}`)
      assert.deepStrictEqual([found.id, found.guild_id, found.name], [channel, guild, "talk"])
    })
  )

  operation("channels.create", "makes a channel, and an event tells of it", (world) =>
    Effect.gen(function* () {
      const made = yield* world.api.channels.create(guild, { name: "news", type: 0, private_type: 1 })
      assertAsked(world, "POST", `/guilds/${guild}/channels`, { name: "news", type: 0, private_type: 1 })
      assert.strictEqual((yield* world.api.channels.get(made.id)).private_type, 1)
      assert.strictEqual(world.simulator.books.count("offered:CHANNEL_CREATE"), 1)
    })
  )

  operation("channels.update", "changes what is given and leaves the rest", (world) =>
    Effect.gen(function* () {
      const changed = yield* world.api.channels.update(channel, { name: "chat" })
      assertAsked(world, "PATCH", `/channels/${channel}`, { name: "chat" })
      assert.deepStrictEqual([changed.name, changed.position], ["chat", 1])
    })
  )

  operation("channels.delete", "deletes a channel for good", (world) =>
    Effect.gen(function* () {
      yield* world.api.channels.delete(channel)
      assertAsked(world, "DELETE", `/channels/${channel}`)
      assert.strictEqual((yield* Effect.flip(world.api.channels.get(channel))).reason._tag, "NotFound")
    })
  )

  operation("channels.online", "counts who is looking", (world) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.api.channels.online(channel)).online_nums, 2)
      assertAsked(world, "GET", `/channels/${channel}/online_nums`)
    })
  )

  operation("channels.voiceMembers", "lists who is in a voice channel", (world) =>
    Effect.gen(function* () {
      const [first] = yield* world.api.channels.voiceMembers("100020")
      assertAsked(world, "GET", "/channels/100020/voice/members")
      assert.strictEqual(first?.user.id, owner)
      assert.deepStrictEqual(yield* world.api.channels.voiceMembers(channel), [])
    })
  )
})

describe("members", () => {
  operation("members.list", "pages through the members and ends with none", (world) =>
    Effect.gen(function* () {
      const first = yield* world.api.members.list(guild, { limit: 3 })
      assertAsked(world, "GET", `/guilds/${guild}/members`, undefined, { limit: "3" })
      const after = first.at(-1)?.user.id ?? ""
      const rest = yield* world.api.members.list(guild, { after, limit: 3 })
      assert.deepStrictEqual([first.length, rest.length], [3, 1])
      assert.deepStrictEqual(yield* world.api.members.list(guild, { after: rest[0]?.user.id ?? "" }), [])
    })
  )

  operation("members.get", "reads a member", (world) =>
    Effect.gen(function* () {
      const member = yield* world.api.members.get(guild, someone)
      assertAsked(world, "GET", `/guilds/${guild}/members/${someone}`)
      assert.deepStrictEqual([member.user.username, member.roles], ["mo", ["1"]])
    })
  )

  operation("members.remove", "removes a member, for good if asked", (world) =>
    Effect.gen(function* () {
      const how = { add_blacklist: true, delete_history_msg_days: 7 } as const
      yield* world.api.members.remove(guild, someone, how)
      assertAsked(world, "DELETE", `/guilds/${guild}/members/${someone}`, how)
      assert.isTrue(world.simulator.world.guilds.get(guild)?.blacklist.has(someone))
      assert.strictEqual((yield* Effect.flip(world.api.members.get(guild, someone))).reason._tag, "NotFound")
    })
  )

  operation("members.ofRole", "pages through the members of a role", (world) =>
    Effect.gen(function* () {
      const first = yield* world.api.members.ofRole(guild, "1", { limit: 1 })
      assertAsked(world, "GET", `/guilds/${guild}/roles/1/members`, undefined, { limit: "1" })
      const rest = yield* world.api.members.ofRole(guild, "1", { start_index: first.next ?? "", limit: 1 })
      assert.deepStrictEqual(
        [...first.data, ...rest.data].map(({ user }) => user.username),
        ["mo", "new"]
      )
      assert.strictEqual(rest.next, "0")
    })
  )
})

describe("roles", () => {
  operation("roles.list", "lists the roles of a guild", (world) =>
    Effect.gen(function* () {
      const { role_num_limit, roles } = yield* world.api.roles.list(guild)
      assertAsked(world, "GET", `/guilds/${guild}/roles`)
      assert.deepStrictEqual([roles.map(({ id }) => id), role_num_limit], [["1", "2", "4", "5"], "30"])
    })
  )

  operation("roles.create", "makes a role", (world) =>
    Effect.gen(function* () {
      const { role, role_id } = yield* world.api.roles.create(guild, { name: "singers", hoist: 1 })
      assertAsked(world, "POST", `/guilds/${guild}/roles`, { name: "singers", hoist: 1 })
      assert.deepStrictEqual([role.id, role.name, role.hoist], [role_id, "singers", 1])
    })
  )

  operation("roles.update", "changes a role", (world) =>
    Effect.gen(function* () {
      const { role } = yield* world.api.roles.update(guild, "5", { color: 4_278_190_335 })
      assertAsked(world, "PATCH", `/guilds/${guild}/roles/5`, { color: 4_278_190_335 })
      assert.strictEqual(role.color, 4_278_190_335)
    })
  )

  operation("roles.delete", "deletes a role and takes it from everybody", (world) =>
    Effect.gen(function* () {
      yield* world.api.roles.delete(guild, "1")
      assertAsked(world, "DELETE", `/guilds/${guild}/roles/1`)
      assert.deepStrictEqual((yield* world.api.members.get(guild, someone)).roles, [])
    })
  )

  operation("roles.give", "gives a role; the one that administers a channel names it", (world) =>
    Effect.gen(function* () {
      yield* world.api.roles.give(guild, someone, "2")
      assertAsked(world, "PUT", `/guilds/${guild}/members/${someone}/roles/2`)
      const { reason } = yield* Effect.flip(world.api.roles.give(guild, someone, "5"))
      assert.strictEqual(reason._tag, "Rejected")
      yield* world.api.roles.give(guild, someone, "5", channel)
      assertAsked(world, "PUT", `/guilds/${guild}/members/${someone}/roles/5`, { channel: { id: channel } })
      assert.deepStrictEqual((yield* world.api.members.get(guild, someone)).roles, ["1", "2", "5"])
    })
  )

  operation("roles.take", "takes a role away", (world) =>
    Effect.gen(function* () {
      yield* world.api.roles.take(guild, someone, "1")
      assertAsked(world, "DELETE", `/guilds/${guild}/members/${someone}/roles/1`)
      assert.deepStrictEqual((yield* world.api.members.get(guild, someone)).roles, [])
    })
  )
})

describe("permissions", () => {
  operation("permissions.ofMember", "reads what a person may do in a channel", (world) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.api.permissions.ofMember(channel, someone)).permissions, "5")
      assertAsked(world, "GET", `/channels/${channel}/members/${someone}/permissions`)
    })
  )

  operation("permissions.changeMember", "adds and removes what a person may do", (world) =>
    Effect.gen(function* () {
      yield* world.api.permissions.changeMember(channel, someone, { add: "2", remove: "4" })
      assertAsked(world, "PUT", `/channels/${channel}/members/${someone}/permissions`, { add: "2", remove: "4" })
      assert.strictEqual((yield* world.api.permissions.ofMember(channel, someone)).permissions, "3")
    })
  )

  operation("permissions.ofRole", "reads what a role may do in a channel", (world) =>
    Effect.gen(function* () {
      const found = yield* world.api.permissions.ofRole(channel, "1")
      assertAsked(world, "GET", `/channels/${channel}/roles/1/permissions`)
      assert.deepStrictEqual(found, { channel_id: channel, role_id: "1", permissions: "5" })
    })
  )

  operation("permissions.changeRole", "adds and removes what a role may do", (world) =>
    Effect.gen(function* () {
      yield* world.api.permissions.changeRole(channel, "1", { remove: "5" })
      assertAsked(world, "PUT", `/channels/${channel}/roles/1/permissions`, { remove: "5" })
      assert.strictEqual((yield* world.api.permissions.ofRole(channel, "1")).permissions, "0")
    })
  )
})

describe("keeping quiet", () => {
  operation("mute.guild", "keeps a guild quiet and lets it speak again", (world) =>
    Effect.gen(function* () {
      yield* world.api.mute.guild(guild, { mute_end_timestamp: "4000000000" })
      assertAsked(world, "PATCH", `/guilds/${guild}/mute`, { mute_end_timestamp: "4000000000" })
      assert.strictEqual(world.simulator.world.guilds.get(guild)?.mutedUntil, 4e12)
      yield* world.api.mute.guild(guild, { mute_seconds: "0" })
      assert.isAtMost(world.simulator.world.guilds.get(guild)?.mutedUntil ?? 0, world.simulator.world.now())
    })
  )

  operation("mute.members", "keeps several members quiet and names them", (world) =>
    Effect.gen(function* () {
      const { user_ids } = yield* world.api.mute.members(guild, [someone, person], { mute_seconds: "60" })
      assertAsked(world, "PATCH", `/guilds/${guild}/mute`, { mute_seconds: "60", user_ids: [someone, person] })
      assert.deepStrictEqual(user_ids, [someone])
    })
  )

  operation("mute.member", "keeps one member quiet", (world) =>
    Effect.gen(function* () {
      yield* world.api.mute.member(guild, someone, { mute_seconds: "60" })
      assertAsked(world, "PATCH", `/guilds/${guild}/members/${someone}/mute`, { mute_seconds: "60" })
      const muted = world.simulator.world.guilds.get(guild)?.members.get(someone)?.mutedUntil ?? 0
      assert.isAbove(muted, world.simulator.world.now())
    })
  )
})
