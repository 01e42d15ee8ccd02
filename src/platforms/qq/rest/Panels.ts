/**
 * The command panel behind the `/` of the input box, and the menu of private chats. QQ takes 30 look-ups and 10
 * changes a minute.
 */
import { nothing, page, record } from "./Answers.ts"
import * as Check from "./Check.ts"
import { get, post, put, remove } from "./Endpoint.ts"
import type { Menu, NewPanel, Panel, PanelRecord } from "./GroupTypes.ts"

const docs = { source: "qqbot-nodejs" as const }

const panel = Check.fields({
  items: Check.list(
    20,
    Check.fields({
      name: Check.text(14),
      desc: Check.optional(Check.text(30)),
      type: Check.oneOf("command", "link"),
      link: Check.optional(Check.url)
    })
  )
})

const scope = Check.oneOf("c2c", "group", "channel", "dm")
const targets = {
  user_openids: Check.optional(Check.list(20, Check.id)),
  group_openids: Check.optional(Check.list(20, Check.id))
}

export const panels = {
  /** The panels of a kind of chat. */
  list: get(
    "/v2/panels",
    (of: NewPanel["scope"], at: { readonly cursor?: string; readonly limit?: number } = {}) => ({
      query: { scope: of, ...at }
    }),
    page<{ readonly records: ReadonlyArray<PanelRecord>; readonly next_cursor?: string; readonly is_end?: boolean }>(
      "records",
      "panel_id"
    ),
    { ...docs, query: Check.fields({ scope, limit: Check.optional(Check.whole(1, 50)) }) }
  ),
  /** A panel, and for whom it is. */
  get: get("/v2/panels/{panel}", (id: string) => ({ panel: id }), record<PanelRecord>("panel_id"), docs),
  /** A new panel. */
  create: post("/v2/panels", (made: NewPanel) => ({ body: made }), record<{ readonly panel_id: string }>("panel_id"), {
    ...docs,
    body: Check.fields({ scope, target_type: Check.oneOf("all", "specific"), panel, ...targets })
  }),
  /** Replaces what a panel offers; for whom it is stays. */
  update: put(
    "/v2/panels/{panel}",
    (id: string, to: Panel) => ({ panel: id, body: { panel: to } }),
    record<{ readonly version?: number }>(),
    { ...docs, body: Check.fields({ panel }) }
  ),
  /** Deletes a panel. */
  delete: remove("/v2/panels/{panel}", (id: string) => ({ panel: id }), nothing, docs),
  /** Adds people or groups to a panel for `specific` ones, or takes them away. A panel for all refuses (40030021). */
  changeTargets: put(
    "/v2/panels/{panel}/target",
    (
      id: string,
      change: {
        readonly op: "add" | "del"
        readonly user_openids?: ReadonlyArray<string>
        readonly group_openids?: ReadonlyArray<string>
      }
    ) => ({ panel: id, body: change }),
    nothing,
    {
      ...docs,
      body: Check.all(
        Check.someOf("user_openids", "group_openids"),
        Check.fields({ op: Check.oneOf("add", "del"), ...targets })
      )
    }
  )
}

export const menu = {
  /** The menu of private chats. */
  get: get("/v2/menu", () => ({}), record<{ readonly version?: number; readonly menu?: Menu | null }>(), docs),
  /** Replaces the menu. */
  update: put("/v2/menu", (to: Menu) => ({ body: { menu: to } }), record<{ readonly version?: number }>(), {
    ...docs,
    body: Check.fields({
      menu: Check.fields({
        items: Check.list(
          10,
          Check.fields({
            name: Check.text(),
            type: Check.oneOf("switch", "send_message", "link", "menu"),
            link: Check.optional(Check.url),
            sub_menu_items: Check.optional(Check.list(5, Check.fields({ name: Check.text() })))
          })
        )
      })
    })
  })
}
