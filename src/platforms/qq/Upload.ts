/**
 * Uploads media for groups and private chats, before the message that names it. An upload shows nothing to anybody, so
 * it is simply done again after a crash or when its `file_info` has expired; within one process it is remembered, for as
 * long as QQ says that it is good.
 *
 * What is at a URL is fetched by QQ, once in that time: what is put there meanwhile under the same address is not seen.
 * A file is looked at each time, and uploaded anew when it was written anew. Small bytes go as base64; from 5 MB on in
 * parts (source: qqbot-nodejs).
 */
import { Clock, Duration, Effect, FileSystem, Option, Schedule } from "effect"
import * as Base64 from "effect/encoding/Base64"
import { type HttpClient, HttpClientRequest } from "effect/http"
import * as RestError from "../../domain/RestError.ts"
import * as Schedules from "../../engines/Schedules.ts"
import { FileType } from "./Body.ts"
import * as Bytes from "./Bytes.ts"
import type { Media } from "./Content.ts"
import { type Answer, exchange, integer } from "./Http.ts"
import { isJson } from "./Json.ts"
import { path } from "./Path.ts"
import { type Part, type Plan, planOf } from "./UploadPlan.ts"

/** Where a message with media goes. */
export interface Chat {
  readonly kind: "group" | "direct"
  readonly id: string
}

export interface Ports {
  /** A POST that may be repeated. */
  readonly post: (route: string, body: unknown) => Effect.Effect<Answer, RestError.Reason>
  readonly client: HttpClient.HttpClient
  readonly files: FileSystem.FileSystem
  /** The limit of a call; a part gets at least a minute. */
  readonly requestTimeout: Duration.Duration
}

/** From this size on, media is uploaded in parts. */
export const chunkedFrom = 5 * 1024 * 1024

interface Entry {
  readonly fileInfo: string
  /** Epoch milliseconds. */
  readonly until: number
  readonly version: string | undefined
}

/** Uploads remembered at most; the oldest are forgotten first. */
const capacity = 1000
/** A `file_info` is not used so close to its end. */
const margin = 30_000

export class Uploads {
  private readonly known = new Map<string, Entry>()
  private readonly ports: Ports

  constructor(ports: Ports) {
    this.ports = ports
  }

  /** The `file_info` of media in a chat: the one in hand while it lasts, else of a new upload. */
  fileInfo(chat: Chat, media: Media): Effect.Effect<string, RestError.Reason> {
    return Effect.gen({ self: this }, function* () {
      const key = keyOf(chat, media)
      const now = yield* Clock.currentTimeMillis
      const version = yield* this.versionOf(media.source)
      const known = this.known.get(key)
      if (known !== undefined && known.until > now && known.version === version) return known.fileInfo
      const { fileInfo, ttl } = yield* this.upload(chat, media)
      const until = ttl === 0 ? Number.POSITIVE_INFINITY : now + ttl * 1000 - margin
      this.remember(key, { fileInfo, until, version })
      return fileInfo
    })
  }

  /** Drops the `file_info` in hand: the platform would not have it. */
  forget(chat: Chat, media: Media): void {
    this.known.delete(keyOf(chat, media))
  }

  /** Uploads, whatever is in hand. `ttl` in seconds, 0 for long-lived. */
  upload(
    chat: Chat,
    media: Media
  ): Effect.Effect<{ readonly fileInfo: string; readonly ttl: number }, RestError.Reason> {
    return Effect.gen({ self: this }, function* () {
      const { source } = media
      const what = { file_type: FileType[media.kind], ...(media.name === undefined ? {} : { file_name: media.name }) }
      const from = "url" in source ? { url: source.url } : yield* Effect.scoped(this.bytesOf(chat, media, source))
      const { body, status } = yield* this.ports.post(place(chat, "files"), { ...what, ...from, srv_send_msg: false })
      const fileInfo = isJson(body) ? body["file_info"] : undefined
      if (typeof fileInfo !== "string" || fileInfo === "") return yield* odd(status, "its answer names no file_info")
      return { fileInfo, ttl: Math.max(0, integer(isJson(body) ? body["ttl"] : 0) ?? 0) }
    })
  }

  /** All of a small local file, for a guild. */
  picture(source: Bytes.LocalSource): Effect.Effect<Uint8Array, RestError.Reason> {
    return Effect.scoped(Effect.flatMap(Bytes.open(source), (bytes) => bytes.read(0, bytes.size))).pipe(
      Effect.provideService(FileSystem.FileSystem, this.ports.files)
    )
  }

  private bytesOf(chat: Chat, media: Media, source: Bytes.LocalSource) {
    return Effect.gen({ self: this }, function* () {
      const bytes = yield* Bytes.open(source)
      if (bytes.size < chunkedFrom) return { file_data: Base64.encode(yield* bytes.read(0, bytes.size)) }
      return { upload_id: yield* this.inParts(chat, media, bytes) }
    }).pipe(Effect.provideService(FileSystem.FileSystem, this.ports.files))
  }

  private inParts(chat: Chat, media: Media, bytes: Bytes.Bytes): Effect.Effect<string, RestError.Reason> {
    return Effect.gen({ self: this }, function* () {
      const { body, status } = yield* this.ports.post(place(chat, "upload_prepare"), {
        file_type: FileType[media.kind],
        file_size: bytes.size,
        file_name: media.name ?? media.kind,
        ...(yield* Bytes.digests(bytes))
      })
      const plan = planOf(body, bytes.size)
      if (plan === undefined) return yield* odd(status, "its answer is no plan of an upload")
      yield* Effect.forEach(plan.parts, (part) => this.part(chat, plan, bytes, part), {
        concurrency: plan.concurrency,
        discard: true
      })
      return plan.uploadId
    })
  }

  private part(chat: Chat, plan: Plan, bytes: Bytes.Bytes, part: Part): Effect.Effect<void, RestError.Reason> {
    return Effect.gen({ self: this }, function* () {
      const piece = yield* bytes.read(part.offset, part.length)
      yield* Effect.retry(this.put(part.url, piece), again(isStale))
      const said = { upload_id: plan.uploadId, part_index: part.index, block_size: part.length, md5: Bytes.md5(piece) }
      const finish = this.ports.post(place(chat, "upload_part_finish"), said)
      yield* finish.pipe(Effect.retry(whileNotReady(plan)), Effect.retry(again(isNotReady)))
    })
  }

  /** To a store of QQ's, whose address is the permission: our token is none of its business. */
  private put(url: string, piece: Uint8Array): Effect.Effect<void, RestError.Reason> {
    const request = HttpClientRequest.put(url).pipe(HttpClientRequest.bodyUint8Array(piece, "application/octet-stream"))
    const limit = Duration.max(this.ports.requestTimeout, Duration.minutes(1))
    return exchange(this.ports.client, request, limit).pipe(
      Effect.mapError(() => new RestError.Unavailable({ reached: true, detail: "a part could not be uploaded" })),
      Effect.flatMap(({ status }): Effect.Effect<void, RestError.Reason> => {
        if (status >= 200 && status < 300) return Effect.void
        if (status >= 500 || status === 429) return Effect.fail(odd(status, "the store of uploads failed"))
        // Another address may be good: the next attempt asks for one.
        if (staleStatuses.has(status)) return Effect.fail(odd(status, "the address of an upload is good no longer"))
        return Effect.fail(new RestError.Rejected({ status, detail: "the store of uploads refused a part" }))
      })
    )
  }

  /** What changes with the content of a file, which may be written anew under the same name. */
  private versionOf(source: Media["source"]): Effect.Effect<string | undefined> {
    if (!("path" in source)) return Effect.undefined
    return this.ports.files.stat(source.path).pipe(
      Effect.map(
        ({ ino, mtime, size }) => `${Option.getOrUndefined(ino)} ${+Option.getOrElse(mtime, () => 0)} ${size}`
      ),
      // Opening it will say what is the matter.
      Effect.orElseSucceed(() => undefined)
    )
  }

  private remember(key: string, entry: Entry): void {
    this.known.delete(key)
    for (const oldest of this.known.keys()) {
      if (this.known.size < capacity) break
      this.known.delete(oldest)
    }
    this.known.set(key, entry)
  }
}

type Test = (reason: RestError.Reason) => boolean

/** A few times, except where that is in vain. */
const again = (isVain: Test) =>
  Schedules.resend({ attempts: 4, cap: "5 seconds" }).pipe(
    Schedule.setInputType<RestError.Reason>(),
    Schedule.while(({ input }) => Effect.succeed(!isVain(input)))
  )

/** As the plan of the upload wants it. */
const whileNotReady = ({ retryDelay, retryTimeout }: Plan) =>
  Schedule.spaced(retryDelay).pipe(
    Schedule.upTo({ duration: retryTimeout }),
    Schedule.setInputType<RestError.Reason>(),
    Schedule.while(({ input }) => Effect.succeed(isNotReady(input)))
  )

/** The platform is still busy with the part. Source: qqbot-nodejs. */
const isNotReady: Test = ({ code }) => code === 40093001

/** What a store of objects answers at an address whose time is over, or whose upload it does not have any more. */
const staleStatuses: ReadonlySet<number> = new Set([401, 403, 404, 410])
const isStale: Test = ({ status }) => status !== undefined && staleStatuses.has(status)

const odd = (status: number, detail: string) => new RestError.Unavailable({ status, detail, reached: true })

const place = ({ id, kind }: Chat, what: string): string =>
  `${kind === "group" ? path`/v2/groups/${id}` : path`/v2/users/${id}`}/${what}`

/** Bytes are told apart by their digest: the text itself may be long. */
const keyOf = ({ id, kind }: Chat, { kind: type, name, source }: Media): string => {
  const from = "base64" in source ? { md5: Bytes.md5(Buffer.from(source.base64)) } : source
  return JSON.stringify([kind, id, type, name, from])
}
