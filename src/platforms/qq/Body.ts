/** Turns content into the body of a send, for chats (groups and private) and for guilds, and says why it cannot. Pure. */
import type { Content } from "../../domain/Message.ts"
import * as RestError from "../../domain/RestError.ts"
import type { LocalSource } from "./Bytes.ts"
import { isQqContent, type Parts } from "./Content.ts"
import * as Check from "./rest/Check.ts"

export type Body = Readonly<Record<string, unknown>>

/** What kind of message it is, for groups and private chats. */
export const MessageType = { text: 0, markdown: 2, ark: 3, embed: 4, inputNotify: 6, media: 7 } as const

/** 1 image, 2 video, 3 voice, 4 file. */
export const FileType = { image: 1, video: 2, voice: 3, file: 4 } as const

/** The parts of content besides its text; none for plain text. */
export const partsOf = (content: Content): Parts => (isQqContent(content) ? content.native : {})

const keyboard = Check.all(
  Check.someOf("id", "content"),
  Check.atMostOneOf("id", "content"),
  Check.fields({
    content: Check.optional(
      Check.fields({
        rows: Check.list(5, Check.fields({ buttons: Check.list(5, Check.fields({ id: Check.text() })) }))
      })
    )
  })
)

const markdown = Check.all(
  Check.someOf("content", "custom_template_id", "template_id"),
  Check.atMostOneOf("content", "custom_template_id", "template_id"),
  Check.fields({ content: Check.optional(Check.text()) })
)

const source = Check.all(
  Check.someOf("url", "path", "base64"),
  Check.atMostOneOf("url", "path", "base64"),
  Check.fields({
    url: Check.optional(Check.url),
    path: Check.optional(Check.text()),
    base64: Check.optional(Check.text())
  })
)

const parts = Check.all(
  Check.atMostOneOf("markdown", "ark", "embed", "media"),
  Check.fields({
    markdown: Check.optional(markdown),
    keyboard: Check.optional(keyboard),
    ark: Check.optional(Check.fields({ template_id: Check.whole(1, 2 ** 31), kv: Check.list(100) })),
    embed: Check.optional(Check.fields({ title: Check.text() })),
    media: Check.optional(Check.fields({ kind: Check.oneOf("image", "video", "voice", "file"), source })),
    reference: Check.optional(Check.id)
  })
)

const invalid = (problem: Check.Problem): RestError.Invalid => new RestError.Invalid(problem)

/** Why content cannot be right wherever it is sent, if so. */
export const problemOf = (content: Content): RestError.Invalid | RestError.Rejected | undefined => {
  if (content.native !== undefined && content.native.platform !== "qq") {
    return invalid({
      field: "content.native",
      problem: `is for ${content.native.platform}`,
      mend: "Make it with a function of Qq, or send text."
    })
  }
  const said = partsOf(content)
  const problem = parts(said, "")
  if (problem !== undefined) return invalid(problem)
  const { ark, embed, markdown, media } = said
  const saysSomething = [ark, embed, markdown, media].some((part) => part !== undefined)
  if (!saysSomething && content.text === "") return new RestError.Rejected({ detail: "the text is empty" })
  if (content.text !== "" && [ark, embed, markdown].some((part) => part !== undefined)) {
    return invalid({
      field: "content.text",
      problem: "stands beside a markdown, ark or embed, which QQ shows alone",
      mend: "Leave the text out, or send it as a message of its own."
    })
  }
  return undefined
}

const shared = ({ ark, embed, keyboard, markdown, reference }: Parts): Body => ({
  ...(markdown === undefined ? {} : { markdown }),
  ...(keyboard === undefined ? {} : { keyboard }),
  ...(ark === undefined ? {} : { ark }),
  ...(embed === undefined ? {} : { embed }),
  ...(reference === undefined ? {} : { message_reference: { message_id: reference } })
})

/** For groups and private chats. @param fileInfo what the upload of its media was answered with */
export const forChat = (content: Content, fileInfo: string | undefined): Body => {
  const said = partsOf(content)
  const type =
    said.markdown !== undefined
      ? MessageType.markdown
      : said.ark !== undefined
        ? MessageType.ark
        : said.embed !== undefined
          ? MessageType.embed
          : said.media !== undefined
            ? MessageType.media
            : MessageType.text
  // Media wants some text, and a space is enough.
  const text = type === MessageType.media && content.text === "" ? " " : content.text
  return {
    msg_type: type,
    ...(text === "" ? {} : { content: text }),
    ...shared(said),
    ...(fileInfo === undefined ? {} : { media: { file_info: fileInfo } }),
    ...(said.wakeup === undefined ? {} : { is_wakeup: said.wakeup }),
    ...(said.subscription === undefined ? {} : { subscribe_id: said.subscription })
  }
}

/** For guild channels and guild direct messages, or why they do not take it. A local picture goes along as a file. */
export const forGuild = (content: Content): Body | RestError.Invalid => {
  const said = partsOf(content)
  const { media } = said
  if (media !== undefined && media.kind !== "image") {
    return invalid({
      field: "media.kind",
      problem: `is a ${media.kind}`,
      mend: "QQ guilds take images only: send a link to it instead."
    })
  }
  return {
    ...(content.text === "" ? {} : { content: content.text }),
    ...shared(said),
    ...(media !== undefined && "url" in media.source ? { image: media.source.url } : {})
  }
}

/** A picture whose bytes have to be read here: a guild gets them with the message. */
export const localPicture = (
  content: Content
): { readonly source: LocalSource; readonly name: string | undefined } | undefined => {
  const { media } = partsOf(content)
  return media === undefined || "url" in media.source ? undefined : { source: media.source, name: media.name }
}

/** A body as the form that carries a picture to a guild. */
export const form = (body: Body, picture: Uint8Array, name = "image"): FormData => {
  const made = new FormData()
  for (const [field, value] of Object.entries(body)) {
    made.append(field, typeof value === "string" ? value : JSON.stringify(value))
  }
  made.append("file_image", new Blob([Uint8Array.from(picture)]), name)
  return made
}
