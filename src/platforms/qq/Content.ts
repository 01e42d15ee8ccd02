/**
 * What QQ can say beyond text, as plain data that the outbox stores: pass it to `Bot.reply` and `Bot.send`, or to
 * `api.messages`. Source of the shapes: bot documentation (api-v2) and its pages of 2026.
 *
 * ```ts
 * yield* Bot.reply(event, Qq.markdown("# Hello", { keyboard: Qq.keyboard([Qq.button("1", "Again")]) }))
 * ```
 */
import * as Base64 from "effect/encoding/Base64"
import type { Content, Native } from "../../domain/Message.ts"

/** Native markdown, or a template approved for the bot: one or the other. Needs a permission. */
export type Markdown =
  | { readonly content: string }
  | { readonly custom_template_id: string; readonly params?: ReadonlyArray<MarkdownParameter> }
  /** Guilds only. */
  | { readonly template_id: number; readonly params?: ReadonlyArray<MarkdownParameter> }

export interface MarkdownParameter {
  readonly key: string
  readonly values: ReadonlyArray<string>
}

/** A template, or up to 5 rows of up to 5 buttons. */
export type Keyboard =
  | { readonly id: string }
  | { readonly content: { readonly rows: ReadonlyArray<{ readonly buttons: ReadonlyArray<Button> }> } }

export interface Button {
  /** Comes back as `button_id` in INTERACTION_CREATE; unique in its keyboard. */
  readonly id: string
  readonly render_data: {
    readonly label: string
    /** What it says once pressed. */
    readonly visited_label: string
    /** 0 grey, 1 blue. */
    readonly style: 0 | 1
  }
  readonly action: {
    /** 0 link, 1 callback (INTERACTION_CREATE), 2 command (typed into the input box). */
    readonly type: 0 | 1 | 2
    readonly permission: {
      /** 0 the users named, 1 administrators, 2 everybody, 3 the roles named (guilds). */
      readonly type: 0 | 1 | 2 | 3
      readonly specify_user_ids?: ReadonlyArray<string>
      readonly specify_role_ids?: ReadonlyArray<string>
    }
    /** The address, the callback's data, or the command. */
    readonly data: string
    /** Command: quote the message. */
    readonly reply?: boolean
    /** Command: send it at once. */
    readonly enter?: boolean
    readonly anchor?: number
    /** Shown where the client is too old. */
    readonly unsupport_tips: string
  }
}

/** A card: 23 text and links, 24 text and thumbnail, 37 large picture. */
export interface Ark {
  readonly template_id: 23 | 24 | 37 | (number & {})
  readonly kv: ReadonlyArray<
    | { readonly key: string; readonly value: string }
    | {
        readonly key: string
        readonly obj: ReadonlyArray<{
          readonly obj_kv: ReadonlyArray<{ readonly key: string; readonly value: string }>
        }>
      }
  >
}

/** A panel of lines. Guilds; groups and private chats refuse it in practice. */
export interface Embed {
  readonly title: string
  /** What the notification says. */
  readonly prompt?: string
  readonly thumbnail?: { readonly url: string }
  readonly fields?: ReadonlyArray<{ readonly name: string }>
}

/** Where a picture, film, voice or file comes from. It must still be there when the message leaves, also after a crash. */
export type MediaSource =
  /**
   * QQ fetches it when it is first sent to a chat. Sent to the same group or person again, it is what QQ fetched then, for
   * as long as QQ says that it is good (a day and more were seen), or until this process ends: give what changes an address that changes.
   */
  | { readonly url: string }
  /** A file of this machine, read when the message leaves. */
  | { readonly path: string }
  /** The bytes themselves, kept in the outbox: for small things. */
  | { readonly base64: string }

/** png and jpg, mp4, silk, or any file. */
export type MediaKind = "image" | "video" | "voice" | "file"

export interface Media {
  readonly kind: MediaKind
  readonly source: MediaSource
  /** What a file is called. */
  readonly name?: string
}

/** The parts of a QQ message besides its text. At most one of markdown, ark, embed and media. */
export interface Parts {
  readonly markdown?: Markdown
  readonly keyboard?: Keyboard
  readonly ark?: Ark
  readonly embed?: Embed
  readonly media?: Media
  /** Quotes a message. */
  readonly reference?: string
  /** Private chats: an active message that wakes somebody who has not written for a while; QQ counts these. */
  readonly wakeup?: boolean
  /** Delivers under a subscription (SUBSCRIBE_MESSAGE_STATUS). */
  readonly subscription?: string
}

export interface QqNative extends Native, Parts {
  readonly platform: "qq"
}

/** Content that only QQ can say. */
export interface QqContent extends Content {
  readonly native: QqNative
}

export type Options = Pick<Parts, "keyboard" | "reference" | "subscription" | "wakeup">

const content = (text: string, parts: Parts): QqContent => ({ text, native: { platform: "qq", ...parts } })

/** Text with a keyboard, or that quotes a message. */
export const text = (said: string, options: Options = {}): QqContent => content(said, options)

/** Markdown as you write it, or a template. */
export const markdown = (said: string | Markdown, options: Options = {}): QqContent =>
  content("", { ...options, markdown: typeof said === "string" ? { content: said } : said })

/** A card. */
export const ark = (card: Ark, options: Options = {}): QqContent => content("", { ...options, ark: card })

/** A panel of lines. */
export const embed = (panel: Embed, options: Options = {}): QqContent => content("", { ...options, embed: panel })

export interface MediaOptions extends Options {
  /** Said beside it. */
  readonly text?: string
  readonly name?: string
}

const media =
  (kind: MediaKind) =>
  (source: MediaSource | Uint8Array, { name, text = "", ...options }: MediaOptions = {}): QqContent => {
    const from = source instanceof Uint8Array ? { base64: Base64.encode(source) } : source
    return content(text, { ...options, media: { kind, source: from, ...(name === undefined ? {} : { name }) } })
  }

/** A picture, png or jpg: by URL, by a file's path, or its bytes. */
export const image = media("image")
/** A film, mp4. Groups and private chats. */
export const video = media("video")
/** Speech, silk. Groups and private chats. */
export const voice = media("voice")
/** A file. Groups and private chats. */
export const file = media("file")

export interface ButtonOptions {
  /** What it does when pressed. @defaultValue a callback with the button's id as its data */
  readonly action?: { readonly link: string } | { readonly callback: string } | { readonly command: string }
  /** @defaultValue everybody */
  readonly allow?: "everybody" | "administrators" | { readonly users: ReadonlyArray<string> }
  /** @defaultValue the label */
  readonly pressed?: string
  /** @defaultValue 1, blue */
  readonly style?: 0 | 1
  /** A command is sent at once instead of typed. @defaultValue false */
  readonly enter?: boolean
}

/** A button. A callback arrives as INTERACTION_CREATE with its id and data. */
export const button = (id: string, label: string, options: ButtonOptions = {}): Button => {
  const { action = { callback: id }, allow = "everybody", enter } = options
  const [type, data] =
    "link" in action
      ? [0 as const, action.link]
      : "callback" in action
        ? [1 as const, action.callback]
        : [2 as const, action.command]
  const permission =
    allow === "everybody"
      ? { type: 2 as const }
      : allow === "administrators"
        ? { type: 1 as const }
        : { type: 0 as const, specify_user_ids: allow.users }
  return {
    id,
    render_data: { label, visited_label: options.pressed ?? label, style: options.style ?? 1 },
    action: {
      type,
      permission,
      data,
      ...(enter === undefined ? {} : { enter }),
      unsupport_tips: "Please update QQ to use this button."
    }
  }
}

/** Rows of buttons. */
export const keyboard = (...rows: ReadonlyArray<ReadonlyArray<Button>>): Keyboard => ({
  content: { rows: rows.map((buttons) => ({ buttons })) }
})

/** Whether QQ has more to say than the text. */
export const isQqContent = (content: Content): content is QqContent => content.native?.platform === "qq"
