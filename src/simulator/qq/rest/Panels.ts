/** Command panels, the menu and links. */
import type { Fields } from "../Bodies.ts"
import { timestamp } from "../Payloads.ts"
import type { Answer, Route } from "../Routes.ts"
import { noContent, ok, paged, Refusals, reading, refuse, route } from "./Table.ts"
import type { World } from "./World.ts"

interface Panel {
  readonly panel_id: string
  readonly scope: string
  readonly target_type: string
  readonly panel: Fields
  readonly version: number
  readonly created_at: string
  readonly user_openids: ReadonlyArray<string>
  readonly group_openids: ReadonlyArray<string>
}

const isPanel = (panel: Fields | undefined): panel is Fields => {
  const items = reading(panel).objects("items")
  return (
    items !== undefined &&
    items.length <= 20 &&
    items.every((item) => {
      const body = reading(item)
      return (body.text("name") ?? "x".repeat(15)).length <= 14 && (body.text("desc") ?? "").length <= 30
    })
  )
}

export const make = (world: World): ReadonlyArray<Route> => {
  const panels = new Map<string, Panel>()
  let menu: Fields | undefined
  let menuVersion = 0

  const panel =
    (answer: (found: Panel, fields: Fields | undefined) => Answer): Route["answer"] =>
    ({ fields, params: [id = ""] }) => {
      const found = panels.get(id)
      return found === undefined ? refuse(Refusals.unknownThing) : answer(found, fields)
    }

  const changed = (before: ReadonlyArray<string>, op: string, ids: ReadonlyArray<string> = []) =>
    op === "add" ? [...new Set([...before, ...ids])] : before.filter((id) => !ids.includes(id))

  return [
    route("GET", "/v2/panels", ({ query }) => {
      const scope = query.get("scope")
      const { items, next } = paged(
        [...panels.values()].filter((one) => one.scope === scope),
        query,
        20
      )
      const records = items.map(({ group_openids: _, user_openids: __, ...record }) => record)
      return ok({ records, next_cursor: next, is_end: next === "" })
    }),
    route("POST", "/v2/panels", ({ fields }) => {
      const body = reading(fields)
      const [scope, target] = [body.text("scope"), body.text("target_type")]
      const made = body.object("panel")
      if (scope === undefined || target === undefined || !isPanel(made)) return refuse(Refusals.badParameter)
      const id = `panel_${world.nextId()}`
      panels.set(id, {
        panel_id: id,
        scope,
        target_type: target,
        panel: made,
        version: 1,
        created_at: timestamp(world.now()),
        user_openids: body.texts("user_openids") ?? [],
        group_openids: body.texts("group_openids") ?? []
      })
      return ok({ panel_id: id })
    }),
    route("GET", "/v2/panels/:panel", panel(ok)),
    route(
      "PUT",
      "/v2/panels/:panel",
      panel((found, fields) => {
        const next = reading(fields).object("panel")
        if (!isPanel(next)) return refuse(Refusals.badParameter)
        panels.set(found.panel_id, { ...found, panel: next, version: found.version + 1 })
        return ok({ version: found.version + 1 })
      })
    ),
    route(
      "DELETE",
      "/v2/panels/:panel",
      panel(({ panel_id }) => {
        panels.delete(panel_id)
        return noContent
      })
    ),
    route(
      "PUT",
      "/v2/panels/:panel/target",
      panel((found, fields) => {
        const body = reading(fields)
        const op = body.text("op")
        if (op !== "add" && op !== "del") return refuse(Refusals.badParameter)
        if (found.target_type === "all") return refuse(Refusals.panelForAll)
        panels.set(found.panel_id, {
          ...found,
          user_openids: changed(found.user_openids, op, body.texts("user_openids")),
          group_openids: changed(found.group_openids, op, body.texts("group_openids"))
        })
        return noContent
      })
    ),
    route("GET", "/v2/menu", () => ok({ version: menuVersion, menu: menu ?? null })),
    route("PUT", "/v2/menu", ({ fields }) => {
      const next = reading(fields).object("menu")
      if (reading(next).objects("items") === undefined) return refuse(Refusals.badParameter)
      menu = next
      menuVersion++
      return ok({ version: menuVersion })
    }),
    route("POST", "/v2/generate_url_link", ({ fields }) => {
      const data = reading(fields).text("callback_data") ?? ""
      if (data.length > 32) return refuse(Refusals.badParameter)
      return ok({ retcode: 0, msg: "success", data: { url: `https://qun.qq.com/qunpro/robot?data=${data}` } })
    })
  ]
}
