/** The page of what is covered is true: made from the code as it is, with no call and no event left out. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { eventKinds } from "../../src/platforms/qq/EventKinds.ts"
import { endpoints } from "../../src/platforms/qq/rest/Endpoints.ts"
import { file, render, testsOf, testsOfEvent } from "./coverage.ts"

/**
 * The calls QQ is known to have, written down a second time: from its documentation, and from Tencent's SDKs where
 * those alone describe them.
 */
const known = `
POST /channels/{}/messages
POST /dms/{}/messages
POST /users/@me/dms
POST /v2/users/{}/messages
POST /v2/groups/{}/messages
POST /v2/users/{}/files
POST /v2/groups/{}/files
POST /v2/users/{}/upload_prepare
POST /v2/groups/{}/upload_prepare
POST /v2/users/{}/upload_part_finish
POST /v2/groups/{}/upload_part_finish
POST /v2/users/{}/stream_messages
PATCH /channels/{}/messages/{}
DELETE /channels/{}/messages/{}
DELETE /dms/{}/messages/{}
DELETE /v2/users/{}/messages/{}
DELETE /v2/groups/{}/messages/{}
PUT /interactions/{}
GET /channels/{}/messages/{}
GET /channels/{}/messages
GET /users/@me
GET /users/@me/guilds
GET /gateway
GET /gateway/bot
GET /guilds/{}
GET /guilds/{}/channels
POST /guilds/{}/channels
GET /channels/{}
PATCH /channels/{}
DELETE /channels/{}
GET /channels/{}/online_nums
GET /channels/{}/voice/members
GET /guilds/{}/members
GET /guilds/{}/members/{}
DELETE /guilds/{}/members/{}
GET /guilds/{}/roles
POST /guilds/{}/roles
PATCH /guilds/{}/roles/{}
DELETE /guilds/{}/roles/{}
GET /guilds/{}/roles/{}/members
PUT /guilds/{}/members/{}/roles/{}
DELETE /guilds/{}/members/{}/roles/{}
GET /channels/{}/members/{}/permissions
PUT /channels/{}/members/{}/permissions
GET /channels/{}/roles/{}/permissions
PUT /channels/{}/roles/{}/permissions
PATCH /guilds/{}/mute
PATCH /guilds/{}/members/{}/mute
POST /guilds/{}/announces
DELETE /guilds/{}/announces/{}
POST /channels/{}/announces
DELETE /channels/{}/announces/{}
PUT /channels/{}/pins/{}
DELETE /channels/{}/pins/{}
GET /channels/{}/pins
GET /channels/{}/schedules
POST /channels/{}/schedules
GET /channels/{}/schedules/{}
PATCH /channels/{}/schedules/{}
DELETE /channels/{}/schedules/{}
PUT /channels/{}/messages/{}/reactions/{}/{}
DELETE /channels/{}/messages/{}/reactions/{}/{}
GET /channels/{}/messages/{}/reactions/{}/{}
POST /channels/{}/audio
PUT /channels/{}/mic
DELETE /channels/{}/mic
GET /channels/{}/threads
GET /channels/{}/threads/{}
PUT /channels/{}/threads
DELETE /channels/{}/threads/{}
GET /guilds/{}/api_permission
POST /guilds/{}/api_permission/demand
GET /guilds/{}/message/setting
POST /channels/{}/settingguide
POST /dms/{}/settingguide
POST /gateway/webhook/sessions
GET /gateway/webhook/sessions
PATCH /gateway/webhook/sessions
DELETE /gateway/webhook/sessions/{}
GET /v2/groups/{}/info
GET /v2/groups/{}/bot_state
GET /v2/groups/{}/join_request_list
POST /v2/groups/{}/approval_join_request/{}
GET /v2/groups/{}/restrict_chat_setting
POST /v2/groups/{}/restrict_chat_setting
GET /v2/groups/join_approval_strategy
POST /v2/groups/join_approval_strategy
PATCH /v2/groups/join_approval_strategy/{}
DELETE /v2/groups/join_approval_strategy/{}
POST /v2/groups/join_approval_strategy/{}/execute
POST /v2/groups/join_approval_strategy/{}/whitelist_users
GET /v2/groups/{}/members
POST /v2/groups/{}/members
GET /v2/groups/{}/members/{}
POST /v2/groups/{}/batch_remove_members
GET /v2/groups/{}/member_blacklist
POST /v2/groups/{}/member_blacklist
POST /v2/generate_url_link
GET /v2/menu
PUT /v2/menu
GET /v2/panels
POST /v2/panels
GET /v2/panels/{}
PUT /v2/panels/{}
DELETE /v2/panels/{}
PUT /v2/panels/{}/target
`
  .trim()
  .split("\n")

describe("the page of what is covered", () => {
  it("is what the code says today: `npm run docs` makes it anew", () => {
    assert.strictEqual(readFileSync(file, "utf8"), render())
  })

  it("lists every call QQ is known to have, and no other", () => {
    const ours = new Set(endpoints.map(({ method, path }) => `${method} ${path.replace(/\{\w+\}/g, "{}")}`))
    assert.deepStrictEqual([...ours].sort(), [...known].sort())
  })

  it("names a test for every call", () => {
    const untested = endpoints.filter(({ name }) => testsOf(name).length === 0)
    assert.deepStrictEqual(
      untested.map(({ name }) => name),
      []
    )
  })

  it("names a test for every event", () => {
    assert.deepStrictEqual(
      eventKinds.filter((event) => testsOfEvent(event).length === 0),
      []
    )
  })

  it("names only tests that have the event happen or decode a frame of it", () => {
    const event = { name: "GUILD_CREATE", kind: "PlatformEvent", test: "test/platforms/qq/EventKinds.test.ts" } as const
    const fileOf = (text: string, name = "Other.test.ts") => ({ link: `../test/platforms/qq/${name}`, name, text })
    const links = (text: string, name?: string) => testsOfEvent(event, [fileOf(text, name)]).length
    for (const text of [
      'yield* simulator.emit("GUILD_CREATE", {})',
      'simulator.emit(\n  "GUILD_CREATE", {})',
      "decode(account, frames.GUILD_CREATE.envelope)",
      '{ op: 0, t: "GUILD_CREATE", d: {} }'
    ]) {
      assert.strictEqual(links(text), 1, text)
    }
    for (const text of [
      "// GUILD_CREATE",
      'Qq.on("GUILD_CREATE", f)',
      'emit("GUILD_CREATE_2")',
      "frames.GUILD_CREATES"
    ]) {
      assert.strictEqual(links(text), 0, text)
    }
    assert.strictEqual(links('t: "GUILD_CREATE"', "fixtures.ts"), 0)
    // By its recorded shapes, which that file goes through.
    assert.strictEqual(links("", "EventKinds.test.ts"), 1)
    const unheard = { ...event, name: "READY" } as const
    assert.strictEqual(testsOfEvent(unheard, [fileOf("", "EventKinds.test.ts")]).length, 0)
  })

  it("links only to files that exist", () => {
    const links = Array.from(readFileSync(file, "utf8").matchAll(/\]\(([^)]+)\)/g), ([, link = ""]) => link)
    assert.isNotEmpty(links)
    assert.deepStrictEqual(
      links.filter((link) => !existsSync(resolve(dirname(file), link))),
      []
    )
  })
})
