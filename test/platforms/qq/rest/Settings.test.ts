/** Panels, the menu, links, permissions, message settings and the gateway. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { assertAsked, channel, group, guild, operation, person, type World } from "./operation.ts"

describe("command panels", () => {
  const panel = { items: [{ name: "/help", desc: "what I can do", type: "command" }] } as const
  const made = (world: World) =>
    world.api.panels.create({ scope: "c2c", target_type: "specific", panel, user_openids: [person] })

  operation("panels.create", "are made within the limits, which are looked at before the wire", (world) =>
    Effect.gen(function* () {
      const { panel_id } = yield* made(world)
      assertAsked(world, "POST", "/v2/panels", {
        scope: "c2c",
        target_type: "specific",
        panel,
        user_openids: [person]
      })
      assert.match(panel_id, /^panel_/)
      const long = { items: [{ name: "a name that is too long", type: "command" }] } as const
      const { reason } = yield* Effect.flip(
        world.api.panels.create({ scope: "group", target_type: "all", panel: long })
      )
      assert.isTrue(reason._tag === "Invalid" && reason.field === "panel.items[0].name")
      assert.include(reason.message, "Give a text of 1 to 14 characters")
      assert.notInclude(reason.message, "too long")
    })
  )

  operation("panels.list", "are listed by kind of chat", (world) =>
    Effect.gen(function* () {
      const { panel_id } = yield* made(world)
      const { is_end, records } = yield* world.api.panels.list("c2c", { limit: 50 })
      assertAsked(world, "GET", "/v2/panels", undefined, { scope: "c2c", limit: "50" })
      assert.deepStrictEqual([records.map((one) => one.panel_id), is_end], [[panel_id], true])
      assert.deepStrictEqual((yield* world.api.panels.list("group")).records, [])
    })
  )

  operation("panels.get", "are read with those they are for", (world) =>
    Effect.gen(function* () {
      const { panel_id } = yield* made(world)
      assert.deepStrictEqual((yield* world.api.panels.get(panel_id)).user_openids, [person])
      assertAsked(world, "GET", `/v2/panels/${panel_id}`)
    })
  )

  operation("panels.update", "are replaced", (world) =>
    Effect.gen(function* () {
      const { panel_id } = yield* made(world)
      const next = { items: [{ name: "site", type: "link", link: "https://example.com" }] } as const
      assert.strictEqual((yield* world.api.panels.update(panel_id, next)).version, 2)
      assertAsked(world, "PUT", `/v2/panels/${panel_id}`, { panel: next })
    })
  )

  operation("panels.changeTargets", "are given to more people, unless they are for all", (world) =>
    Effect.gen(function* () {
      const { panel_id } = yield* made(world)
      yield* world.api.panels.changeTargets(panel_id, { op: "add", user_openids: ["U2"] })
      assertAsked(world, "PUT", `/v2/panels/${panel_id}/target`, { op: "add", user_openids: ["U2"] })
      assert.deepStrictEqual((yield* world.api.panels.get(panel_id)).user_openids, [person, "U2"])
      const all = yield* world.api.panels.create({ scope: "group", target_type: "all", panel })
      const change = world.api.panels.changeTargets(all.panel_id, { op: "add", group_openids: [group] })
      assert.strictEqual((yield* Effect.flip(change)).reason.code, 40030021)
    })
  )

  operation("panels.delete", "are deleted", (world) =>
    Effect.gen(function* () {
      const { panel_id } = yield* made(world)
      yield* world.api.panels.delete(panel_id)
      assertAsked(world, "DELETE", `/v2/panels/${panel_id}`)
      assert.strictEqual((yield* Effect.flip(world.api.panels.get(panel_id))).reason._tag, "NotFound")
    })
  )
})

describe("the menu", () => {
  const menu = { items: [{ name: "say hi", type: "send_message", send_message: "hi" }] } as const

  operation("menu.update", "is replaced as a whole", (world) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.api.menu.update(menu)).version, 1)
      assertAsked(world, "PUT", "/v2/menu", { menu })
    })
  )

  operation("menu.get", "is read, also when there is none", (world) =>
    Effect.gen(function* () {
      assert.isNull((yield* world.api.menu.get()).menu)
      assertAsked(world, "GET", "/v2/menu")
      yield* world.api.menu.update(menu)
      assert.deepStrictEqual((yield* world.api.menu.get()).menu, menu)
    })
  )
})

describe("a link to the bot", () => {
  operation("links.create", "carries data back, at most 32 characters", (world) =>
    Effect.gen(function* () {
      assert.match((yield* world.api.links.create("from-the-shop")).url ?? "", /^https:\/\//)
      assertAsked(world, "POST", "/v2/generate_url_link", { callback_data: "from-the-shop" })
      const { reason } = yield* Effect.flip(world.api.links.create("x".repeat(33)))
      assert.isTrue(reason._tag === "Invalid" && reason.field === "callback_data")
    })
  )
})

describe("what the bot may do", () => {
  operation("apiPermissions.list", "is listed call by call", (world) =>
    Effect.gen(function* () {
      const { apis } = yield* world.api.apiPermissions.list(guild)
      assertAsked(world, "GET", `/guilds/${guild}/api_permission`)
      assert.deepStrictEqual(
        apis.map(({ auth_status, method }) => [method, auth_status]),
        [
          ["GET", 1],
          ["PATCH", 0]
        ]
      )
    })
  )

  operation("apiPermissions.demand", "is asked for in a channel", (world) =>
    Effect.gen(function* () {
      const demand = {
        channel_id: channel,
        api_identify: { path: "/guilds/{guild_id}/mute", method: "PATCH" },
        desc: "to keep the peace"
      }
      assert.strictEqual((yield* world.api.apiPermissions.demand(guild, demand)).channel_id, channel)
      assertAsked(world, "POST", `/guilds/${guild}/api_permission/demand`, demand)
    })
  )

  operation("settings.messages", "is set by the owner of the guild", (world) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.api.settings.messages(guild)).channel_push_max_num, 20)
      assertAsked(world, "GET", `/guilds/${guild}/message/setting`)
    })
  )
})

describe("the gateway", () => {
  operation("gateway.get", "has an address", (world) =>
    Effect.gen(function* () {
      assert.match((yield* world.api.gateway.get()).url, /^ws:\/\/127\.0\.0\.1/)
      assertAsked(world, "GET", "/gateway")
    })
  )

  operation("gateway.bot", "says how many shards and how many starts are left", (world) =>
    Effect.gen(function* () {
      const { shards, startLimit } = yield* world.api.gateway.bot()
      assertAsked(world, "GET", "/gateway/bot")
      assert.deepStrictEqual([shards, startLimit?.remaining], [1, 1000])
    })
  )

  const identity = { callback_url: "https://example.com/hook" }
  const sessions = "/gateway/webhook/sessions"

  operation("gateway.createWebhookSession", "takes webhooks the old way", (world) =>
    Effect.gen(function* () {
      assert.deepInclude(yield* world.api.gateway.createWebhookSession(identity), { version: 1 })
      assertAsked(world, "POST", sessions, identity)
    })
  )

  operation("gateway.webhookSessions", "lists them", (world) =>
    Effect.gen(function* () {
      yield* world.api.gateway.createWebhookSession(identity)
      const [first] = yield* world.api.gateway.webhookSessions()
      assertAsked(world, "GET", sessions)
      assert.strictEqual(first?.["callback_url"], identity.callback_url)
    })
  )

  operation("gateway.checkWebhookSessions", "looks whether they are alive", (world) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* world.api.gateway.checkWebhookSessions(), [])
      assertAsked(world, "PATCH", sessions, undefined, { action: "check" })
    })
  )

  operation("gateway.removeWebhookSession", "removes one", (world) =>
    Effect.gen(function* () {
      yield* world.api.gateway.createWebhookSession(identity)
      const [first] = yield* world.api.gateway.webhookSessions()
      yield* world.api.gateway.removeWebhookSession(first?.session_id ?? "")
      assertAsked(world, "DELETE", `${sessions}/${first?.session_id}`)
      assert.deepStrictEqual(yield* world.api.gateway.webhookSessions(), [])
    })
  )
})
