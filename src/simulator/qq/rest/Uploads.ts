/** Uploads for groups and private chats: by URL, by base64, or in parts that are put to addresses of their own. */
import { createHash } from "node:crypto"
import type { Place } from "../../Books.ts"
import type { Ambient } from "../Ambient.ts"
import type { Fields } from "../Bodies.ts"
import type { Refusal } from "../Codes.ts"
import type { Settings } from "../Options.ts"
import type { Answer, Call, Route } from "../Routes.ts"
import { done, ok, Refusals, reading, refuse, route } from "./Table.ts"

interface Upload {
  readonly plan: Fields
  readonly blocks: Array<Buffer | undefined>
  readonly finished: Set<number>
}

const digest = (name: "md5" | "sha1", bytes: Buffer) => createHash(name).update(bytes).digest("hex")

export interface Uploads {
  readonly routes: ReadonlyArray<Route>
  /** Why a message cannot carry this `file_info`, if so: it was made for another kind of chat, or its time is over. */
  readonly whyNot: (place: Place, fields: Fields | undefined) => Refusal | undefined
}

export const make = (settings: Settings, ambient: Ambient, base: () => string): Uploads => {
  const infos = new Map<string, { readonly kind: Place["kind"]; readonly until: number }>()
  const uploads = new Map<string, Upload>()

  const isComplete = ({ blocks, finished, plan }: Upload): boolean => {
    if (finished.size !== blocks.length) return false
    const whole = Buffer.concat(blocks.flatMap((block) => block ?? []))
    return (
      whole.length === plan["file_size"] &&
      digest("md5", whole) === plan["md5"] &&
      digest("sha1", whole) === plan["sha1"] &&
      digest("md5", whole.subarray(0, 10_002_432)) === plan["md5_10m"]
    )
  }

  const files =
    (kind: Place["kind"]) =>
    ({ fields }: Call): Answer => {
      const body = reading(fields)
      const type = body.number("file_type")
      if (type === undefined || type < 1 || type > 4) return refuse(Refusals.badParameter)
      const id = body.text("upload_id")
      if (id !== undefined) {
        const upload = uploads.get(id)
        if (upload === undefined || !isComplete(upload)) return refuse(Refusals.partNotReady)
        uploads.delete(id)
      } else if (body.text("url") === undefined && body.text("file_data") === undefined) {
        return refuse(Refusals.badParameter)
      }
      const info = ambient.text(64, "ABCDEFabcdef0123456789")
      const { fileLifetime } = settings
      infos.set(info, { kind, until: ambient.now() + fileLifetime })
      const uploaded = { file_uuid: ambient.uuid(), file_info: info, ttl: Math.floor(fileLifetime / 1000) }
      return ok(
        fields?.["srv_send_msg"] === true ? { ...uploaded, id: `ROBOT1.0_${ambient.text(24, "abc123")}` } : uploaded
      )
    }

  const prepare = ({ fields }: Call): Answer => {
    const body = reading(fields)
    const size = body.number("file_size")
    const named = ["file_name", "md5", "sha1", "md5_10m"].every((name) => body.text(name) !== undefined)
    if (fields === undefined || size === undefined || size <= 0 || !named) return refuse(Refusals.badParameter)
    const id = `up_${ambient.text(16, "abcdef0123456789")}`
    const count = Math.ceil(size / settings.uploadBlock)
    uploads.set(id, { plan: fields, blocks: Array.from({ length: count }), finished: new Set() })
    const parts = Array.from({ length: count }, (_, index) => ({
      index,
      presigned_url: `${base()}/upload/${id}/${index}?sign=${ambient.text(12, "abc")}`,
      block_size: Math.min(settings.uploadBlock, size - index * settings.uploadBlock)
    }))
    const config = { concurrency: 2, retry_timeout: 60, retry_delay: 1 }
    return ok({ upload_id: id, block_size: String(settings.uploadBlock), parts, upload_config: config })
  }

  const finish = ({ fields }: Call): Answer => {
    const body = reading(fields)
    const upload = uploads.get(body.text("upload_id") ?? "")
    const index = body.number("part_index") ?? -1
    const block = upload?.blocks[index]
    if (upload === undefined || block === undefined) return refuse(Refusals.partNotReady)
    if (digest("md5", block) !== body.text("md5") || block.length !== body.number("block_size")) {
      return refuse(Refusals.badParameter)
    }
    upload.finished.add(index)
    return done
  }

  const receive = ({ body, params: [id = "", index = ""] }: Call): Answer => {
    const upload = uploads.get(id)
    if (upload === undefined || !(Number(index) < upload.blocks.length)) return refuse(Refusals.unknownThing)
    upload.blocks[Number(index)] = body
    return { status: 200 }
  }

  return {
    routes: [
      route("POST", "/v2/users/:id/files", files("direct")),
      route("POST", "/v2/groups/:id/files", files("group")),
      route("POST", "/v2/users/:id/upload_prepare", prepare),
      route("POST", "/v2/groups/:id/upload_prepare", prepare),
      route("POST", "/v2/users/:id/upload_part_finish", finish),
      route("POST", "/v2/groups/:id/upload_part_finish", finish),
      // A store of its own: its address is the permission.
      { ...route("PUT", "/upload/:id/:index", receive), isOpen: true }
    ],
    whyNot: ({ kind }, fields) => {
      const info = reading(reading(fields).object("media")).text("file_info")
      if (info === undefined) return undefined
      const known = infos.get(info)
      return known?.kind === kind && known.until > ambient.now() ? undefined : Refusals.mediaGone
    }
  }
}
