/** The bot itself, guilds, channels and their members. */
import type { Channel, Guild, User } from "../Payloads.ts"
import { list, nothing, page, record } from "./Answers.ts"
import * as Check from "./Check.ts"
import { get, patch, post, remove } from "./Endpoint.ts"
import type { ChannelChange, DirectSession, NewChannel, RestMember } from "./Types.ts"

export interface GuildPage {
  /** Guilds before, or after, this id. */
  readonly before?: string
  readonly after?: string
  /** 1 to 100. @defaultValue 100 */
  readonly limit?: number
}

export const me = {
  /** The bot's own user. */
  get: get("/users/@me", () => ({}), record<User>("id")),
  /** The guilds the bot is in. */
  guilds: get("/users/@me/guilds", (of: GuildPage = {}) => ({ query: { ...of } }), list<Guild>("id"), {
    query: Check.fields({ limit: Check.optional(Check.whole(1, 100)) })
  }),
  /**
   * Opens a direct message session with a member of a guild; send to its `guild_id`. Being opened before is no error.
   *
   * @param user the member @param guild a guild both are in
   */
  openDirect: post(
    "/users/@me/dms",
    (user: string, guild: string) => ({ body: { recipient_id: user, source_guild_id: guild } }),
    record<DirectSession>("guild_id"),
    { isRepeatable: true, body: Check.fields({ recipient_id: Check.id, source_guild_id: Check.id }) }
  )
}

export const guilds = {
  /** A guild. */
  get: get("/guilds/{guild}", (guild: string) => ({ guild }), record<Guild>("id")),
  /** The channels of a guild. */
  channels: get("/guilds/{guild}/channels", (guild: string) => ({ guild }), list<Channel>("id"))
}

const placement = {
  position: Check.optional(Check.whole(0, 2 ** 31)),
  private_type: Check.optional(Check.oneOf(0, 1, 2)),
  speak_permission: Check.optional(Check.oneOf(0, 1, 2))
}

export const channels = {
  /** A channel. */
  get: get("/channels/{channel}", (channel: string) => ({ channel }), record<Channel>("id")),
  /** A new channel in a guild; the event CHANNEL_CREATE tells it too. */
  create: post(
    "/guilds/{guild}/channels",
    (guild: string, channel: NewChannel) => ({ guild, body: channel }),
    record<Channel>("id"),
    {
      needs: "private, administrator",
      body: Check.fields({
        name: Check.text(),
        type: Check.whole(0, 2 ** 31),
        sub_type: Check.optional(Check.whole(0, 2 ** 31)),
        private_user_ids: Check.optional(Check.list(1000, Check.id)),
        ...placement
      })
    }
  ),
  /** Changes the fields that are given. */
  update: patch(
    "/channels/{channel}",
    (channel: string, change: ChannelChange) => ({ channel, body: change }),
    record<Channel>("id"),
    {
      needs: "private, administrator",
      isRepeatable: true,
      body: Check.all(
        Check.someOf("name", "position", "parent_id", "private_type", "speak_permission"),
        Check.fields({ name: Check.optional(Check.text()), ...placement })
      )
    }
  ),
  /** Deletes a channel for good: it cannot be brought back. */
  delete: remove("/channels/{channel}", (channel: string) => ({ channel }), nothing, {
    needs: "private, administrator"
  }),
  /** How many people look at it right now. */
  online: get(
    "/channels/{channel}/online_nums",
    (channel: string) => ({ channel }),
    record<{ readonly online_nums: number }>()
  ),
  /** Who is in a voice channel. */
  voiceMembers: get("/channels/{channel}/voice/members", (channel: string) => ({ channel }), list<RestMember>(), {
    source: "botgo"
  })
}

export interface MemberPage {
  /** Members after this user. @defaultValue "0", the beginning */
  readonly after?: string
  /** 1 to 400. @defaultValue 1 */
  readonly limit?: number
}

export interface Removal {
  /** Keep the person out. @defaultValue false */
  readonly add_blacklist?: boolean
  /** Take back what was said in so many days: 3, 7, 15 or 30, -1 for all. @defaultValue 0 */
  readonly delete_history_msg_days?: 0 | 3 | 7 | 15 | 30 | -1
}

export const members = {
  /** Some members of a guild. The last page is empty, and a page may repeat the last member of the one before. */
  list: get(
    "/guilds/{guild}/members",
    (guild: string, of: MemberPage = {}) => ({ guild, query: { ...of } }),
    list<RestMember>(),
    { needs: "private", query: Check.fields({ limit: Check.optional(Check.whole(1, 400)) }) }
  ),
  /** A member of a guild. */
  get: get("/guilds/{guild}/members/{user}", (guild: string, user: string) => ({ guild, user }), record<RestMember>()),
  /** Removes a member from a guild. */
  remove: remove(
    "/guilds/{guild}/members/{user}",
    (guild: string, user: string, how: Removal = {}) => ({ guild, user, body: how }),
    nothing,
    {
      needs: "private, administrator",
      body: Check.fields({
        add_blacklist: Check.optional(Check.flag),
        delete_history_msg_days: Check.optional(Check.oneOf(0, 3, 7, 15, 30, -1))
      })
    }
  ),
  /** Some members that hold a role. `next` is where the next page begins; "0" or an empty page is the end. */
  ofRole: get(
    "/guilds/{guild}/roles/{role}/members",
    (guild: string, role: string, of: { readonly start_index?: string; readonly limit?: number } = {}) => ({
      guild,
      role,
      query: { ...of }
    }),
    page<{ readonly data: ReadonlyArray<RestMember>; readonly next?: string }>("data"),
    { needs: "private", query: Check.fields({ limit: Check.optional(Check.whole(1, 400)) }) }
  )
}
