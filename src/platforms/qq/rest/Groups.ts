/** Groups, as a bot that administers them manages them. From QQ's pages of summer 2026; most need an invitation. */
import type { Maybe } from "../Payloads.ts"
import { anything, nothing, page, record } from "./Answers.ts"
import * as Check from "./Check.ts"
import { get, patch, post, remove } from "./Endpoint.ts"
import type {
  Approval,
  ApprovalStrategy,
  ApprovalStrategyChange,
  GroupMember,
  JoinRequest,
  MuteRequest,
  MuteSetting,
  NewApprovalStrategy
} from "./GroupTypes.ts"

const docs = { source: "docs 2026" as const }
const invited = { source: "docs 2026" as const, needs: "invited" as const }
const pageOf = { query: Check.fields({ limit: Check.optional(Check.whole(1, 100)) }) }

/** Where a list goes on; an empty cursor is its beginning and its end. */
export interface CursorPage {
  readonly cursor?: string
  /** 1 to 100. @defaultValue 20 */
  readonly limit?: number
}

export const groups = {
  /** What a group is called and the like. */
  info: get("/v2/groups/{group}/info", (group: string) => ({ group }), anything, docs),
  /** What the bot is in a group, and whether it may speak. */
  botState: get("/v2/groups/{group}/bot_state", (group: string) => ({ group }), anything, docs),
  /** Who is kept quiet, and the rules for all. */
  muteSetting: get(
    "/v2/groups/{group}/restrict_chat_setting",
    (group: string) => ({ group }),
    record<MuteSetting>(),
    docs
  ),
  /** Keeps members, or everybody, quiet. The bot must administer the group; 30 days at most. */
  mute: post(
    "/v2/groups/{group}/restrict_chat_setting",
    (group: string, how: MuteRequest) => ({ group, body: how }),
    nothing,
    {
      ...invited,
      isRepeatable: true,
      body: Check.all(
        Check.someOf("members", "global_mute"),
        Check.fields({
          members: Check.optional(
            Check.list(100, Check.fields({ op: Check.oneOf("add", "del"), member_openid: Check.id }))
          ),
          global_mute: Check.optional(Check.fields({ mode: Check.oneOf("none", "always", "schedule") }))
        })
      )
    }
  )
}

export const groupMembers = {
  /** Some members of a group, 30 at a time. */
  list: get(
    "/v2/groups/{group}/members",
    (group: string, of: CursorPage = {}) => ({ group, query: { ...of } }),
    page<{ readonly members: ReadonlyArray<GroupMember>; readonly next_cursor?: string }>("members", "member_openid"),
    { ...invited, ...pageOf }
  ),
  /** The same in the older form. `next_index` is where the next page begins. */
  query: post(
    "/v2/groups/{group}/members",
    (group: string, of: { readonly limit?: number; readonly start_index?: number } = {}) => ({ group, body: of }),
    page<{ readonly members: ReadonlyArray<GroupMember>; readonly next_index?: number }>("members", "member_openid"),
    {
      ...invited,
      isRepeatable: true,
      body: Check.fields({
        limit: Check.optional(Check.whole(1, 500)),
        start_index: Check.optional(Check.whole(0, 1e9))
      })
    }
  ),
  /** A member of a group. */
  get: get(
    "/v2/groups/{group}/members/{member}",
    (group: string, member: string) => ({ group, member }),
    record<GroupMember>("member_openid"),
    invited
  ),
  /** Removes up to 20 members. */
  remove: post(
    "/v2/groups/{group}/batch_remove_members",
    (group: string, members: ReadonlyArray<string>, keepOut = false) => ({
      group,
      body: { member_openids: members, add_to_member_blacklist: keepOut }
    }),
    record<{
      readonly remove_members_result?: string
      readonly add_to_member_blacklist_fail_openids?: ReadonlyArray<string>
    }>(),
    { ...invited, isRepeatable: true, body: Check.fields({ member_openids: Check.list(20, Check.id) }) }
  ),
  /** Who is kept out of a group. */
  blacklist: get(
    "/v2/groups/{group}/member_blacklist",
    (group: string, of: CursorPage = {}) => ({ group, query: { ...of } }),
    page<{
      readonly users: ReadonlyArray<GroupMember & { readonly banned_at?: Maybe<string> }>
      readonly next_cursor?: string
    }>("users", "member_openid"),
    { ...invited, ...pageOf }
  ),
  /** Keeps people out of a group, or lets them in again; up to 20. Names those for whom it failed. */
  changeBlacklist: post(
    "/v2/groups/{group}/member_blacklist",
    (group: string, op: "add" | "del", members: ReadonlyArray<string>) => ({
      group,
      body: { op, member_openids: members }
    }),
    page<{ readonly fail_openids: ReadonlyArray<string> }>("fail_openids"),
    {
      ...invited,
      isRepeatable: true,
      body: Check.fields({ op: Check.oneOf("add", "del"), member_openids: Check.list(20, Check.id) })
    }
  )
}

export const joinRequests = {
  /** Who asks to be let in. */
  list: get(
    "/v2/groups/{group}/join_request_list",
    (group: string, of: CursorPage = {}) => ({ group, query: { ...of } }),
    page<{ readonly list: ReadonlyArray<JoinRequest>; readonly next_cursor?: string }>("list", "member_openid"),
    { ...docs, ...pageOf }
  ),
  /** Lets somebody in, or not. */
  decide: post(
    "/v2/groups/{group}/approval_join_request/{member}",
    (group: string, member: string, approval: Approval) => ({ group, member, body: approval }),
    nothing,
    {
      ...docs,
      isRepeatable: true,
      body: Check.fields({ op: Check.oneOf("approve", "decline"), join_request_id: Check.optional(Check.id) })
    }
  )
}

const groupsOf = Check.all(
  Check.someOf("group_openids", "group_ids"),
  Check.atMostOneOf("group_openids", "group_ids"),
  Check.fields({ group_openids: Check.optional(Check.list(100, Check.id)), group_ids: Check.optional(Check.list(100)) })
)
const strategy = {
  is_enable: Check.optional(Check.oneOf("on", "off")),
  remark: Check.optional(Check.text(255))
}

/** Rules by which people are let into groups without anybody looking. */
export const joinStrategies = {
  /** The rules there are. */
  list: get(
    "/v2/groups/join_approval_strategy",
    (of: CursorPage = {}) => ({ query: { ...of } }),
    page<{ readonly strategies: ReadonlyArray<ApprovalStrategy>; readonly next_cursor?: string }>(
      "strategies",
      "strategy_id"
    ),
    { ...docs, ...pageOf }
  ),
  /** A new rule for groups, by openid or by number, not both. */
  create: post(
    "/v2/groups/join_approval_strategy",
    (rule: NewApprovalStrategy) => ({ body: rule }),
    record<ApprovalStrategy>("strategy_id"),
    { ...docs, body: Check.all(groupsOf, Check.fields(strategy)) }
  ),
  /** Changes the fields that are given. */
  update: patch(
    "/v2/groups/join_approval_strategy/{strategy}",
    (rule: string, change: ApprovalStrategyChange) => ({ strategy: rule, body: change }),
    record<Partial<ApprovalStrategy>>(),
    {
      ...docs,
      isRepeatable: true,
      body: Check.all(
        Check.someOf("is_enable", "expire_at", "group_action", "remark"),
        Check.fields({
          ...strategy,
          group_action: Check.optional(Check.all(groupsOf, Check.fields({ op: Check.oneOf("add", "del") })))
        })
      )
    }
  ),
  /** Deletes a rule. */
  delete: remove("/v2/groups/join_approval_strategy/{strategy}", (rule: string) => ({ strategy: rule }), nothing, docs),
  /** Applies a rule to those who are waiting. */
  execute: post(
    "/v2/groups/join_approval_strategy/{strategy}/execute",
    (rule: string) => ({ strategy: rule, body: {} }),
    nothing,
    { ...docs, isRepeatable: true }
  ),
  /** Adds QQ numbers to those a rule lets in, or takes them out; up to 10,000. */
  changeWhitelist: post(
    "/v2/groups/join_approval_strategy/{strategy}/whitelist_users",
    (rule: string, op: "add" | "del", users: ReadonlyArray<string>) => ({
      strategy: rule,
      body: { op, whitelist_users: users }
    }),
    record<{ readonly strategy_id?: string; readonly whitelist_user_count?: number; readonly updated_at?: string }>(),
    {
      ...docs,
      isRepeatable: true,
      body: Check.fields({ op: Check.oneOf("add", "del"), whitelist_users: Check.list(10_000, Check.digits) })
    }
  )
}
