/**
 * An echo bot on `@satorijs/adapter-qq`, unmodified, as a process of its own. The host of access tokens is built into
 * the library, so calls to it are sent where the environment says; the rest are its own options.
 */
import { Context, HTTP, h } from "@satorijs/core"

const { QQ_API_URL, QQ_APP_ID, QQ_CLIENT_SECRET, QQ_TOKEN_URL } = process.env

// It must not outlive its parent, whose end closes our standard input.
process.stdin.once("end", () => process.exit(3)).resume()

const { fetch } = globalThis
globalThis.fetch = (input, init) =>
  String(input.url ?? input).startsWith("https://bots.qq.com/") ? fetch(QQ_TOKEN_URL, init) : fetch(input, init)

const { default: QQBot } = await import("@satorijs/adapter-qq")

const app = new Context()
app.plugin(HTTP)
app.plugin(QQBot.default ?? QQBot, {
  id: QQ_APP_ID,
  secret: QQ_CLIENT_SECRET,
  type: "public",
  authType: "bearer",
  protocol: "websocket",
  endpoint: `${QQ_API_URL}/`,
  intents: 2 ** 0 + 2 ** 1 + 2 ** 12 + 2 ** 25 + 2 ** 26 + 2 ** 30,
  retryWhen: [],
  retryTimes: 1000,
  retryInterval: 200,
  retryLazy: 200
})

app.on("message", async (session) => {
  const text = h.select(session.elements, "text").map(({ attrs }) => attrs.content)
  try {
    await session.bot.sendMessage(session.channelId, text.join("").trim(), session.guildId, { session })
  } catch (error) {
    console.log(`no reply: ${error}`)
  }
})

app.on("guild-added", ({ guildId, operatorId }) => console.log(`added to ${guildId} by ${operatorId}`))

await app.start()
