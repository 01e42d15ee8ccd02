/** People in guilds that fall to a given shard. */
import type { QqSimulator } from "everbot/simulator"

/** The guild whose events go to `shard`, of any number of shards above it: QQ takes `(guild_id >> 22) % shards`. */
const guildOf = (shard: number): string => String(BigInt(shard) << 22n)

/** Somebody mentions the bot in a channel of the guild that falls to `shard`. */
export const sayTo = (simulator: QqSimulator.QqSimulator, shard: number) =>
  simulator.emit("AT_MESSAGE_CREATE", {
    id: `08${simulator.books.offered.length.toString(16).padStart(18, "0")}`,
    channel_id: `channel-${shard}`,
    guild_id: guildOf(shard),
    content: `message ${simulator.books.said}`,
    timestamp: "2026-11-02T09:15:04+08:00",
    author: { id: "2233445566778899001", username: "lin", bot: false }
  })

/** How many shards have a session that is not over. */
export const alive = ({ books }: QqSimulator.QqSimulator): number =>
  new Set(books.sessions.filter(({ endedAt }) => endedAt === undefined).map(({ shard: [id] }) => id)).size
