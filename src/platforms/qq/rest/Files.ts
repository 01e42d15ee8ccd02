/**
 * Uploads of pictures, films, voice and files for groups and private chats. An upload alone shows nothing to anybody,
 * so it may be repeated; `file_info` is what a message then names.
 */
import { nothing, record } from "./Answers.ts"
import * as Check from "./Check.ts"
import { post } from "./Endpoint.ts"

/** What an upload is answered with. */
export interface Uploaded {
  readonly file_info: string
  readonly file_uuid?: string
  /** Seconds for which `file_info` may be used; 0 is long-lived. Text has been seen. */
  readonly ttl?: number | string
  /** With `srv_send_msg`, the message. */
  readonly id?: string
}

export interface NewFile {
  /** 1 image (png, jpg), 2 video (mp4), 3 voice (silk), 4 file. */
  readonly file_type: 1 | 2 | 3 | 4
  readonly url?: string
  /** Base64. */
  readonly file_data?: string
  /** Of a chunked upload whose parts are all there. */
  readonly upload_id?: string
  readonly file_name?: string
  /** Sends it at once, as an active message. @defaultValue false */
  readonly srv_send_msg?: boolean
}

export interface NewUpload {
  readonly file_type: 1 | 2 | 3 | 4
  readonly file_size: number
  readonly file_name: string
  readonly md5: string
  readonly sha1: string
  /** Of the first 10,002,432 bytes. */
  readonly md5_10m: string
}

/** Where to PUT each part. */
export interface UploadPlan {
  readonly upload_id: string
  readonly block_size?: number | string
  readonly parts: ReadonlyArray<{
    readonly index: number
    readonly presigned_url: string
    readonly block_size?: number | string
  }>
  readonly upload_config?: {
    readonly concurrency?: number
    readonly retry_timeout?: number
    readonly retry_delay?: number
  }
}

export interface UploadedPart {
  readonly upload_id: string
  readonly part_index: number
  readonly block_size: number
  readonly md5: string
}

const newFile = {
  body: Check.all(
    Check.someOf("url", "file_data", "upload_id"),
    Check.fields({ file_type: Check.oneOf(1, 2, 3, 4), url: Check.optional(Check.url) })
  ),
  isRepeatable: true
}

const newUpload = {
  source: "qqbot-nodejs" as const,
  isRepeatable: true,
  body: Check.fields({
    file_type: Check.oneOf(1, 2, 3, 4),
    file_size: Check.whole(1, Number.MAX_SAFE_INTEGER),
    file_name: Check.text(),
    md5: Check.text(),
    sha1: Check.text(),
    md5_10m: Check.text()
  })
}

const uploadedPart = {
  source: "qqbot-nodejs" as const,
  isRepeatable: true,
  body: Check.fields({ upload_id: Check.id, part_index: Check.whole(0, 2 ** 31), md5: Check.text() })
}

/** The steps of an upload; `api.upload` takes them all. A `file_info` is good for the kind of chat it was made for. */
export const files = {
  /** Uploads for a group, by URL, base64, or after the parts of a chunked upload. */
  uploadToGroup: post(
    "/v2/groups/{group}/files",
    (group: string, file: Omit<NewFile, "srv_send_msg">) => ({ group, body: { ...file, srv_send_msg: false } }),
    record<Uploaded>("file_info"),
    newFile
  ),
  /** Uploads for a person. */
  uploadToUser: post(
    "/v2/users/{user}/files",
    (user: string, file: Omit<NewFile, "srv_send_msg">) => ({ user, body: { ...file, srv_send_msg: false } }),
    record<Uploaded>("file_info"),
    newFile
  ),
  /** Uploads to a group and sends it at once, as an active message. */
  sendToGroup: post(
    "/v2/groups/{group}/files",
    (group: string, file: Omit<NewFile, "srv_send_msg">) => ({ group, body: { ...file, srv_send_msg: true } }),
    record<Uploaded>(),
    { body: newFile.body }
  ),
  /** Uploads to a person and sends it at once, as an active message. */
  sendToUser: post(
    "/v2/users/{user}/files",
    (user: string, file: Omit<NewFile, "srv_send_msg">) => ({ user, body: { ...file, srv_send_msg: true } }),
    record<Uploaded>(),
    { body: newFile.body }
  ),
  /** Begins a chunked upload for a group. */
  prepareForGroup: post(
    "/v2/groups/{group}/upload_prepare",
    (group: string, file: NewUpload) => ({ group, body: file }),
    record<UploadPlan>("upload_id"),
    newUpload
  ),
  /** Begins a chunked upload for a person. */
  prepareForUser: post(
    "/v2/users/{user}/upload_prepare",
    (user: string, file: NewUpload) => ({ user, body: file }),
    record<UploadPlan>("upload_id"),
    newUpload
  ),
  /** Says that a part of a group's upload is there. */
  finishPartForGroup: post(
    "/v2/groups/{group}/upload_part_finish",
    (group: string, part: UploadedPart) => ({ group, body: part }),
    nothing,
    uploadedPart
  ),
  /** Says that a part of a person's upload is there. */
  finishPartForUser: post(
    "/v2/users/{user}/upload_part_finish",
    (user: string, part: UploadedPart) => ({ user, body: part }),
    nothing,
    uploadedPart
  )
}
