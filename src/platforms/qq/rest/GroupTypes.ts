/** What the calls of group management and of panels take and answer. Times are RFC 3339. */
import type { Maybe } from "../Payloads.ts"

export interface GroupMember {
  readonly member_openid: string
  readonly username?: Maybe<string>
  readonly member_role?: Maybe<"member" | "admin" | "owner" | (string & {})>
  readonly bot?: Maybe<boolean>
  readonly joined_at?: Maybe<string>
  readonly union_openid?: Maybe<string>
}

export interface MuteSetting {
  readonly global_rule?: Maybe<{
    readonly mode: "none" | "always" | "schedule" | (string & {})
    readonly schedule_rules?: Maybe<ReadonlyArray<unknown>>
    readonly recurring_rules?: Maybe<ReadonlyArray<unknown>>
  }>
  readonly members?: Maybe<
    ReadonlyArray<{
      readonly member_openid: string
      readonly mute_expire_at: string
      readonly username?: Maybe<string>
      readonly union_openid?: Maybe<string>
    }>
  >
}

export interface MuteRequest {
  readonly members?: ReadonlyArray<{
    readonly op: "add" | "del"
    readonly member_openid: string
    /** A time in the past lifts it. */
    readonly mute_expire_at?: string
  }>
  readonly global_mute?: { readonly mode: "none" | "always" | "schedule" }
}

export interface JoinRequest {
  readonly join_request_id: string
  readonly member_openid: string
  readonly union_openid?: Maybe<string>
  readonly username?: Maybe<string>
  readonly apply_at?: Maybe<string>
  readonly apply_source?: Maybe<"self_apply" | "invited" | (string & {})>
  readonly invited_by?: Maybe<string>
  readonly bot?: Maybe<boolean>
  readonly verify_info?: unknown
  readonly risk_tips?: Maybe<string>
}

export interface Approval {
  readonly op: "approve" | "decline"
  readonly join_request_id?: string
  /** With `decline`. */
  readonly reject_reason?: string
  readonly add_to_member_blacklist?: boolean
}

export interface NewApprovalStrategy {
  readonly group_openids?: ReadonlyArray<string>
  /** QQ numbers as text: they are too large for a number. */
  readonly group_ids?: ReadonlyArray<string>
  /** @defaultValue "on" */
  readonly is_enable?: "on" | "off"
  /** @defaultValue in a year */
  readonly expire_at?: string
  /** At most 255 characters. */
  readonly remark?: string
}

export interface ApprovalStrategy extends NewApprovalStrategy {
  readonly strategy_id: string
  readonly whitelist_user_count?: number
  readonly created_at?: string
  readonly updated_at?: string
}

export interface ApprovalStrategyChange extends Pick<NewApprovalStrategy, "expire_at" | "is_enable" | "remark"> {
  readonly group_action?: {
    readonly op: "add" | "del"
    readonly group_openids?: ReadonlyArray<string>
    readonly group_ids?: ReadonlyArray<string>
  }
}

/** What the `/` of the input box offers. */
export interface Panel {
  readonly items: ReadonlyArray<PanelItem>
  readonly remark?: string
}

export interface PanelItem {
  /** At most 14 characters; what a command types. */
  readonly name: string
  /** At most 30 characters. */
  readonly desc?: string
  readonly type: "command" | "link"
  readonly only_admin?: boolean
  /** https. */
  readonly link?: string
}

export interface NewPanel {
  readonly scope: "c2c" | "group" | "channel" | "dm"
  /** `specific` names people (c2c) or groups (group). */
  readonly target_type: "all" | "specific"
  readonly panel: Panel
  readonly user_openids?: ReadonlyArray<string>
  readonly group_openids?: ReadonlyArray<string>
}

export interface PanelRecord extends NewPanel {
  readonly panel_id: string
  readonly version?: number
  readonly created_at?: string
  readonly updated_at?: string
}

/** Up to 10 items; a `menu` holds up to 5 more. */
export interface Menu {
  readonly items: ReadonlyArray<MenuItem>
}

export interface MenuItem {
  readonly name: string
  readonly type: "switch" | "send_message" | "link" | "menu"
  readonly send_message?: string
  readonly link?: string
  readonly switch?: { readonly switch_id: string; readonly default?: boolean }
  readonly sub_menu_items?: ReadonlyArray<{
    readonly name: string
    readonly type: "send_message" | "link"
    readonly send_message?: string
    readonly link?: string
  }>
}
