/**
 * A QQ gateway that only knows how to be fast: after READY it writes prepared frames as quickly as the socket takes
 * them. Runs in its own process, so that its work is not the client's.
 */
import { createServer } from "node:http"
import { WebSocketServer } from "ws"

const frames = Number(process.argv[2] ?? 150_000)
const conversations = Number(process.argv[3] ?? 50)
const heartbeatMs = Number(process.argv[4] ?? 45_000)
/** When heartbeats came, in milliseconds. */
const beats: Array<number> = []

/** An unmasked text frame, as servers send them (RFC 6455 §5.2). */
const toFrame = (text: string): Buffer => {
  const body = Buffer.from(text)
  const head =
    body.length < 126
      ? Buffer.from([0x81, body.length])
      : body.length < 65_536
        ? Buffer.from([0x81, 126, body.length >> 8, body.length & 255])
        : Buffer.from([0x81, 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (body.length >> shift) & 255)])
  return Buffer.concat([head, body])
}

const hex = (seed: number): string =>
  (Math.imul(seed + 1, 2654435761) >>> 0).toString(16).toUpperCase().padStart(8, "0")
const run = hex(process.pid)

/** About 700 bytes, the shape of a real group message. */
const message = (i: number): string => {
  const member = hex(i % 997).repeat(4)
  const group = hex(i % conversations).repeat(4)
  return JSON.stringify({
    op: 0,
    s: i + 2,
    id: `GROUP_AT_MESSAGE_CREATE:${run}${hex(i)}${hex(i * 7)}`,
    t: "GROUP_AT_MESSAGE_CREATE",
    d: {
      id: `ROBOT1.0_${hex(i * 3)}${hex(i * 5)}${run}${hex(i)}`,
      author: {
        id: member,
        member_openid: member,
        union_openid: hex(i % 499).repeat(4),
        username: "lin",
        bot: false,
        member_role: "member"
      },
      content: ` is the third answer in the book still right? ${i}`,
      group_id: group,
      group_openid: group,
      message_scene: {
        source: "default",
        ext: ["msg_idx=REFIDX_CJ+wEBCq1Y7KBhoQd2VsbCB0aGF0IGlzIGl0==", "ref_msg_idx=REFIDX_CJ+wEBCq1Y7KBhoQ=="]
      },
      message_type: 0,
      timestamp: "2026-11-02T09:17:18+08:00"
    }
  })
}

const chunks: Array<Buffer> = []
for (let at = 0; at < frames; at += 256) {
  const count = Math.min(256, frames - at)
  chunks.push(Buffer.concat(Array.from({ length: count }, (_, i) => toFrame(message(at + i)))))
}
const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)

const server = createServer((request, response) => {
  request.resume()
  const { port } = server.address() as { port: number }
  const url = `ws://127.0.0.1:${port}/websocket`
  const limit = { total: 1000, remaining: 1000, reset_after: 1000, max_concurrency: 100 }
  response.setHeader("content-type", "application/json")
  response.end(
    JSON.stringify(
      request.url?.startsWith("/app/")
        ? { access_token: "bench", expires_in: "7200" }
        : { url, shards: 1, session_start_limit: limit }
    )
  )
})
const sockets = new WebSocketServer({ server, path: "/websocket" })
sockets.on("connection", (ws, request) => {
  const { socket } = request
  ws.send(JSON.stringify({ op: 10, d: { heartbeat_interval: heartbeatMs } }))
  ws.on("message", (data) => {
    const { op } = JSON.parse(String(data)) as { op: number }
    if (op === 1) {
      beats.push(performance.now())
      ws.send('{"op":11}')
    }
    if (op !== 2) return
    ws.send(
      JSON.stringify({ op: 0, s: 1, t: "READY", d: { version: 1, session_id: run, user: { id: "1" }, shard: [0, 1] } })
    )
    let at = 0
    const pump = (): void => {
      while (at < chunks.length) if (!socket.write(chunks[at++] as Buffer)) return void socket.once("drain", pump)
    }
    // A moment for the client to be done with READY, and to look at its idle memory.
    setTimeout(pump, 500)
  })
})
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number }
  process.send?.({ port, bytes: Math.round(bytes / frames) })
})
process.on("message", () => process.send?.({ beats }))
process.on("disconnect", () => process.exit(0))
