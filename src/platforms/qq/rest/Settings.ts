/** What a bot may do in a guild, how it may send there, where the gateway is, and links to the bot. */

import { Option } from "effect"
import type { GatewayInfo } from "../Gateways.ts"
import { gatewayInfo } from "../Gateways.ts"
import { anything, inside, list, nothing, page, type Reader, record } from "./Answers.ts"
import * as Check from "./Check.ts"
import { get, patch, post, remove } from "./Endpoint.ts"
import type { ApiPermission, ApiPermissionDemand, MessageSetting } from "./Types.ts"

export const apiPermissions = {
  /** What the bot may call in a guild. */
  list: get(
    "/guilds/{guild}/api_permission",
    (guild: string) => ({ guild }),
    page<{ readonly apis: ReadonlyArray<ApiPermission> }>("apis")
  ),
  /** Asks the owner for a permission by a message in a channel; 3 a day in a guild. */
  demand: post(
    "/guilds/{guild}/api_permission/demand",
    (
      guild: string,
      demand: {
        readonly channel_id: string
        readonly api_identify: { readonly path: string; readonly method: string }
        readonly desc: string
      }
    ) => ({ guild, body: demand }),
    record<ApiPermissionDemand>("channel_id"),
    {
      body: Check.fields({
        channel_id: Check.id,
        api_identify: Check.fields({
          path: Check.text(),
          method: Check.oneOf("GET", "POST", "PUT", "PATCH", "DELETE")
        }),
        desc: Check.text()
      })
    }
  )
}

export const settings = {
  /** Whether, and how often, the bot may send messages that answer nothing in a guild. */
  messages: get("/guilds/{guild}/message/setting", (guild: string) => ({ guild }), record<MessageSetting>())
}

const whereabouts: Reader<GatewayInfo> = ({ body }) => Option.fromUndefinedOr(gatewayInfo(body))

/** A webhook session of the old way, which was registered by a call. */
export interface WebhookSession {
  readonly session_id: string
  readonly [field: string]: unknown
}

export const gateway = {
  /** The address of the gateway. */
  get: get("/gateway", () => ({}), whereabouts),
  /** The address, how many shards, and how many session starts are left. */
  bot: get("/gateway/bot", () => ({}), whereabouts),
  /** Registers a webhook the old way. The console took its place; BotRS and botgo still have it. */
  createWebhookSession: post(
    "/gateway/webhook/sessions",
    (identity: { readonly callback_url: string; readonly [field: string]: unknown }) => ({ body: identity }),
    anything,
    { source: "botgo", isDeprecated: true, body: Check.fields({ callback_url: Check.url }) }
  ),
  /** The webhooks registered the old way. */
  webhookSessions: get("/gateway/webhook/sessions", () => ({}), list<WebhookSession>(), {
    source: "botgo",
    isDeprecated: true
  }),
  /** Looks whether they are alive. */
  checkWebhookSessions: patch(
    "/gateway/webhook/sessions",
    () => ({ query: { action: "check" } }),
    list<WebhookSession>(),
    { source: "botgo", isDeprecated: true, isRepeatable: true }
  ),
  /** Removes one. */
  removeWebhookSession: remove("/gateway/webhook/sessions/{session}", (session: string) => ({ session }), nothing, {
    source: "botgo",
    isDeprecated: true
  })
}

export const links = {
  /** A link to the bot's page. @param callbackData comes back in FRIEND_ADD as `scene_param`; at most 32 characters */
  create: post(
    "/v2/generate_url_link",
    (callbackData?: string) => ({ body: callbackData === undefined ? {} : { callback_data: callbackData } }),
    inside<{ readonly url?: string; readonly url_link?: string }>("data"),
    {
      source: "docs 2026",
      isRepeatable: true,
      body: Check.fields({ callback_data: Check.optional(Check.text(32)) })
    }
  )
}
