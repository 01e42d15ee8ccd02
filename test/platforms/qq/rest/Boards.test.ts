/** What stands in channels besides messages. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { assertAsked, channel, guild, operation } from "./operation.ts"

describe("announcements", () => {
  operation("announces.create", "announces a message, or recommends channels", (world) =>
    Effect.gen(function* () {
      const one = yield* world.api.announces.create(guild, { channel_id: channel, message_id: "08m" })
      assertAsked(world, "POST", `/guilds/${guild}/announces`, { channel_id: channel, message_id: "08m" })
      assert.strictEqual(one.message_id, "08m")
      const recommend_channels = [{ channel_id: channel, introduce: "talk here" }]
      const other = yield* world.api.announces.create(guild, { announces_type: 1, recommend_channels })
      assert.deepStrictEqual(other.recommend_channels, recommend_channels)
    })
  )

  operation("announces.delete", "takes an announcement down", (world) =>
    Effect.gen(function* () {
      yield* world.api.announces.create(guild, { channel_id: channel, message_id: "08m" })
      assert.strictEqual((yield* Effect.flip(world.api.announces.delete(guild, "other"))).reason._tag, "NotFound")
      yield* world.api.announces.delete(guild, "all")
      assertAsked(world, "DELETE", `/guilds/${guild}/announces/all`)
      assert.isUndefined(world.simulator.world.guilds.get(guild)?.announcement)
    })
  )

  operation("announces.createInChannel", "announces a message in its channel", (world) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.api.announces.createInChannel(channel, "08m")).channel_id, channel)
      assertAsked(world, "POST", `/channels/${channel}/announces`, { message_id: "08m" })
    })
  )

  operation("announces.deleteInChannel", "takes it down again", (world) =>
    Effect.gen(function* () {
      yield* world.api.announces.deleteInChannel(channel, "all")
      assertAsked(world, "DELETE", `/channels/${channel}/announces/all`)
    })
  )
})

describe("pins", () => {
  operation("pins.add", "pins a message, at most 20", (world) =>
    Effect.gen(function* () {
      const pins = yield* world.api.pins.add(channel, "ROBOT1.0_a.b!")
      assertAsked(world, "PUT", `/channels/${channel}/pins/ROBOT1.0_a.b!`)
      assert.deepStrictEqual(pins.message_ids, ["ROBOT1.0_a.b!"])
      for (let n = 1; n < 20; n++) yield* world.api.pins.add(channel, `m${n}`)
      assert.strictEqual((yield* Effect.flip(world.api.pins.add(channel, "one more"))).reason._tag, "Rejected")
    })
  )

  operation("pins.list", "lists what is pinned, newest first", (world) =>
    Effect.gen(function* () {
      yield* world.api.pins.add(channel, "m1")
      yield* world.api.pins.add(channel, "m2")
      assert.deepStrictEqual((yield* world.api.pins.list(channel)).message_ids, ["m2", "m1"])
      assertAsked(world, "GET", `/channels/${channel}/pins`)
    })
  )

  operation("pins.remove", "takes one pin away, or all", (world) =>
    Effect.gen(function* () {
      for (const id of ["m1", "m2", "m3"]) yield* world.api.pins.add(channel, id)
      yield* world.api.pins.remove(channel, "m2")
      assertAsked(world, "DELETE", `/channels/${channel}/pins/m2`)
      assert.deepStrictEqual((yield* world.api.pins.list(channel)).message_ids, ["m3", "m1"])
      yield* world.api.pins.remove(channel, "all")
      assert.deepStrictEqual((yield* world.api.pins.list(channel)).message_ids, [])
    })
  )
})

describe("schedules", () => {
  const party = {
    name: "party",
    description: "bring cake",
    start_timestamp: "4000000000000",
    end_timestamp: "4000003600000",
    jump_channel_id: channel,
    remind_type: "2"
  } as const

  operation("schedules.create", "schedules something", (world) =>
    Effect.gen(function* () {
      const made = yield* world.api.schedules.create(channel, party)
      assertAsked(world, "POST", `/channels/${channel}/schedules`, { schedule: party })
      assert.deepStrictEqual([made.name, made.creator?.user.username], ["party", "everbot"])
    })
  )

  operation("schedules.get", "reads it", (world) =>
    Effect.gen(function* () {
      const { id } = yield* world.api.schedules.create(channel, party)
      assert.strictEqual((yield* world.api.schedules.get(channel, id)).description, "bring cake")
      assertAsked(world, "GET", `/channels/${channel}/schedules/${id}`)
    })
  )

  operation("schedules.list", "lists what is to come since a time", (world) =>
    Effect.gen(function* () {
      const { id } = yield* world.api.schedules.create(channel, party)
      const all = yield* world.api.schedules.list(channel, 3_999_999_999_999)
      assertAsked(world, "GET", `/channels/${channel}/schedules`, undefined, { since: "3999999999999" })
      assert.deepStrictEqual(
        all.map((one) => one.id),
        [id]
      )
      assert.deepStrictEqual(yield* world.api.schedules.list(channel, 5e12), [])
    })
  )

  operation("schedules.update", "replaces it", (world) =>
    Effect.gen(function* () {
      const { id } = yield* world.api.schedules.create(channel, party)
      const later = { ...party, name: "late party" }
      assert.strictEqual((yield* world.api.schedules.update(channel, id, later)).name, "late party")
      assertAsked(world, "PATCH", `/channels/${channel}/schedules/${id}`, { schedule: later })
    })
  )

  operation("schedules.delete", "deletes it", (world) =>
    Effect.gen(function* () {
      const { id } = yield* world.api.schedules.create(channel, party)
      yield* world.api.schedules.delete(channel, id)
      assertAsked(world, "DELETE", `/channels/${channel}/schedules/${id}`)
      assert.strictEqual((yield* Effect.flip(world.api.schedules.get(channel, id))).reason._tag, "NotFound")
    })
  )
})

describe("reactions", () => {
  const unicode = { type: 2, id: "128077" } as const

  operation("reactions.add", "reacts to a message, and an event tells of it", (world) =>
    Effect.gen(function* () {
      yield* world.api.reactions.add(channel, "08m", unicode)
      assertAsked(world, "PUT", `/channels/${channel}/messages/08m/reactions/2/128077`)
      assert.strictEqual(world.simulator.books.count("offered:MESSAGE_REACTION_ADD"), 1)
    })
  )

  operation("reactions.users", "tells who reacted", (world) =>
    Effect.gen(function* () {
      yield* world.api.reactions.add(channel, "08m", unicode)
      const { is_end, users } = yield* world.api.reactions.users(channel, "08m", unicode, { limit: 50 })
      assertAsked(world, "GET", `/channels/${channel}/messages/08m/reactions/2/128077`, undefined, { limit: "50" })
      assert.deepStrictEqual([users.map(({ username }) => username), is_end], [["everbot"], true])
    })
  )

  operation("reactions.remove", "takes the reaction back", (world) =>
    Effect.gen(function* () {
      yield* world.api.reactions.add(channel, "08m", unicode)
      yield* world.api.reactions.remove(channel, "08m", unicode)
      assertAsked(world, "DELETE", `/channels/${channel}/messages/08m/reactions/2/128077`)
      assert.deepStrictEqual((yield* world.api.reactions.users(channel, "08m", unicode)).users, [])
    })
  )
})

describe("threads", () => {
  const forum = "100030"
  const post = { title: "hello", content: "world", format: 1 } as const

  operation("threads.create", "posts a thread, and an event tells how its review ended", (world) =>
    Effect.gen(function* () {
      const { task_id } = yield* world.api.threads.create(forum, post)
      assertAsked(world, "PUT", `/channels/${forum}/threads`, post)
      assert.match(task_id, /^\d+$/)
      assert.strictEqual(world.simulator.books.count("offered:FORUM_PUBLISH_AUDIT_RESULT"), 1)
      assert.strictEqual((yield* Effect.flip(world.api.threads.create(channel, post))).reason._tag, "Rejected")
    })
  )

  operation("threads.list", "lists the threads of a forum", (world) =>
    Effect.gen(function* () {
      yield* world.api.threads.create(forum, post)
      const { is_finish, threads } = yield* world.api.threads.list(forum)
      assertAsked(world, "GET", `/channels/${forum}/threads`)
      assert.deepStrictEqual([threads.length, is_finish], [1, 1])
      assert.include(String(threads[0]?.thread_info.title), "hello")
    })
  )

  operation("threads.get", "reads a thread out of its wrapping", (world) =>
    Effect.gen(function* () {
      yield* world.api.threads.create(forum, post)
      const id = String((yield* world.api.threads.list(forum)).threads[0]?.thread_info.thread_id)
      assert.include(String((yield* world.api.threads.get(forum, id)).thread_info.content), "world")
      assertAsked(world, "GET", `/channels/${forum}/threads/${id}`)
    })
  )

  operation("threads.delete", "deletes a thread", (world) =>
    Effect.gen(function* () {
      yield* world.api.threads.create(forum, post)
      const id = String((yield* world.api.threads.list(forum)).threads[0]?.thread_info.thread_id)
      yield* world.api.threads.delete(forum, id)
      assertAsked(world, "DELETE", `/channels/${forum}/threads/${id}`)
      assert.deepStrictEqual((yield* world.api.threads.list(forum)).threads, [])
    })
  )
})

describe("sound", () => {
  operation("audio.control", "plays, and events tell of it", (world) =>
    Effect.gen(function* () {
      const start = { audio_url: "https://example.com/a.mp3", text: "a song", status: 0 } as const
      yield* world.api.audio.control("100020", start)
      assertAsked(world, "POST", "/channels/100020/audio", start)
      yield* world.api.audio.control("100020", { status: 3 })
      const { books } = world.simulator
      assert.deepStrictEqual([books.count("offered:AUDIO_START"), books.count("offered:AUDIO_FINISH")], [1, 1])
    })
  )

  operation("audio.takeMic", "takes the microphone", (world) =>
    Effect.gen(function* () {
      yield* world.api.audio.takeMic("100020")
      assertAsked(world, "PUT", "/channels/100020/mic")
      assert.isTrue(world.simulator.world.channel("100020")?.onMic)
    })
  )

  operation("audio.leaveMic", "leaves the microphone", (world) =>
    Effect.gen(function* () {
      yield* world.api.audio.takeMic("100020")
      yield* world.api.audio.leaveMic("100020")
      assertAsked(world, "DELETE", "/channels/100020/mic")
      assert.isFalse(world.simulator.world.channel("100020")?.onMic)
    })
  )
})
