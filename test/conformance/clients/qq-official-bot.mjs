/**
 * An echo bot on qq-official-bot, unmodified, as a process of its own. The library has its hosts built in, so its own
 * HTTP client is pointed to where the environment says.
 */
import { Server } from "node:net"
import library from "qq-official-bot"

const { QQ_API_URL, QQ_APP_ID, QQ_CLIENT_SECRET, QQ_TOKEN_URL, QQ_WEBHOOK_PORT } = process.env

// It must not outlive its parent, whose end closes our standard input.
process.stdin.once("end", () => process.exit(3)).resume()

const bot = new library.Bot({
  appid: QQ_APP_ID,
  secret: QQ_CLIENT_SECRET,
  ...(QQ_WEBHOOK_PORT === undefined
    ? { mode: "websocket" }
    : { mode: "webhook", port: Number(QQ_WEBHOOK_PORT), path: "/qq" }),
  intents: ["GROUP_AND_C2C_EVENT", "PUBLIC_GUILD_MESSAGES", "DIRECT_MESSAGE", "GUILDS", "GUILD_MEMBERS", "INTERACTION"],
  // It tries again at once and gives up after ten times, which is over before a restarted platform is back.
  maxRetry: 100_000
})

// Its webhook would listen to the whole network.
const { listen } = Server.prototype
Server.prototype.listen = function (port) {
  return listen.call(this, port, "127.0.0.1")
}

bot.request.defaults.baseURL = QQ_API_URL
bot.request.interceptors.request.use((request) => {
  if (request.url.startsWith("https://bots.qq.com/")) request.url = QQ_TOKEN_URL
  return request
})

bot.on("message", (event) => {
  event.reply(event.raw_message.trim()).catch((error) => console.log(`no reply: ${error}`))
})

bot.on("notice.group.increase", ({ group_id, operator_id }) => console.log(`added to ${group_id} by ${operator_id}`))
bot.on("notice.group.action", (event) => event.reply())

await bot.start()
