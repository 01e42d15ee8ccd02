/** Who may do what in a guild: roles, permissions in channels, and keeping people quiet. */
import { nothing, page, record } from "./Answers.ts"
import * as Check from "./Check.ts"
import { get, patch, post, put, remove } from "./Endpoint.ts"
import type { MutePeriod, PermissionChange, Role, RoleChange } from "./Types.ts"

const roleChange = Check.all(
  Check.someOf("name", "color", "hoist"),
  Check.fields({
    name: Check.optional(Check.text()),
    color: Check.optional(Check.whole(0, 2 ** 32 - 1)),
    hoist: Check.optional(Check.oneOf(0, 1))
  })
)

/** Default roles: 1 everybody, 2 administrator, 4 owner, 5 channel administrator. */
export const roles = {
  /** The roles of a guild. */
  list: get(
    "/guilds/{guild}/roles",
    (guild: string) => ({ guild }),
    page<{ readonly guild_id?: string; readonly roles: ReadonlyArray<Role>; readonly role_num_limit?: string }>(
      "roles",
      "id"
    )
  ),
  /** A new role; at least one field must be given. */
  create: post(
    "/guilds/{guild}/roles",
    (guild: string, role: RoleChange) => ({ guild, body: role }),
    record<{ readonly role_id: string; readonly role: Role }>("role_id"),
    { needs: "administrator", body: roleChange }
  ),
  /** Changes the fields that are given. */
  update: patch(
    "/guilds/{guild}/roles/{role}",
    (guild: string, role: string, change: RoleChange) => ({ guild, role, body: change }),
    record<{ readonly guild_id?: string; readonly role_id: string; readonly role: Role }>("role_id"),
    { needs: "administrator", isRepeatable: true, body: roleChange }
  ),
  /** Deletes a role. */
  delete: remove("/guilds/{guild}/roles/{role}", (guild: string, role: string) => ({ guild, role }), nothing, {
    needs: "administrator"
  }),
  /** Gives a member a role. @param channel needed for role 5 alone: the channel to administer */
  give: put(
    "/guilds/{guild}/members/{user}/roles/{role}",
    (guild: string, user: string, role: string, channel?: string) => ({
      guild,
      user,
      role,
      body: channel === undefined ? undefined : { channel: { id: channel } }
    }),
    nothing,
    { needs: "administrator" }
  ),
  /** Takes a role from a member. @param channel needed for role 5 alone */
  take: remove(
    "/guilds/{guild}/members/{user}/roles/{role}",
    (guild: string, user: string, role: string, channel?: string) => ({
      guild,
      user,
      role,
      body: channel === undefined ? undefined : { channel: { id: channel } }
    }),
    nothing,
    { needs: "administrator" }
  )
}

const permissionChange = Check.all(
  Check.someOf("add", "remove"),
  Check.fields({ add: Check.optional(Check.digits), remove: Check.optional(Check.digits) })
)

/** What a person or role may do in a channel, as bits in decimal text: 1 view, 2 manage, 4 speak. */
export const permissions = {
  /** What a person may do in a channel. */
  ofMember: get(
    "/channels/{channel}/members/{user}/permissions",
    (channel: string, user: string) => ({ channel, user }),
    record<{ readonly channel_id?: string; readonly user_id?: string; readonly permissions: string }>("permissions")
  ),
  /** Adds and removes permissions of a person. */
  changeMember: put(
    "/channels/{channel}/members/{user}/permissions",
    (channel: string, user: string, change: PermissionChange) => ({ channel, user, body: change }),
    nothing,
    { needs: "administrator", body: permissionChange }
  ),
  /** What a role may do in a channel. */
  ofRole: get(
    "/channels/{channel}/roles/{role}/permissions",
    (channel: string, role: string) => ({ channel, role }),
    record<{ readonly channel_id?: string; readonly role_id?: string; readonly permissions: string }>("permissions")
  ),
  /** Adds and removes permissions of a role. */
  changeRole: put(
    "/channels/{channel}/roles/{role}/permissions",
    (channel: string, role: string, change: PermissionChange) => ({ channel, role, body: change }),
    nothing,
    { needs: "administrator", body: permissionChange }
  )
}

const period = Check.all(
  Check.someOf("mute_end_timestamp", "mute_seconds"),
  Check.fields({
    mute_end_timestamp: Check.optional(Check.digits),
    mute_seconds: Check.optional(Check.digits)
  })
)

export const mute = {
  /** Keeps a whole guild quiet; "0" seconds lifts it. */
  guild: patch("/guilds/{guild}/mute", (guild: string, how: MutePeriod) => ({ guild, body: how }), nothing, {
    needs: "administrator",
    isRepeatable: true,
    body: period
  }),
  /** Keeps some members quiet and tells who is. */
  members: patch(
    "/guilds/{guild}/mute",
    (guild: string, users: ReadonlyArray<string>, how: MutePeriod) => ({ guild, body: { ...how, user_ids: users } }),
    page<{ readonly user_ids: ReadonlyArray<string> }>("user_ids"),
    {
      needs: "administrator",
      isRepeatable: true,
      body: Check.all(period, Check.fields({ user_ids: Check.list(1000, Check.id) }))
    }
  ),
  /** Keeps one member quiet. */
  member: patch(
    "/guilds/{guild}/members/{user}/mute",
    (guild: string, user: string, how: MutePeriod) => ({ guild, user, body: how }),
    nothing,
    { needs: "administrator", isRepeatable: true, body: period }
  )
}
