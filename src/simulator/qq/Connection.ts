/** One gateway socket: writes what its session has to say, as fast as the peer reads, and can be broken in every way. */
import type { Ambient } from "./Ambient.ts"
import { endsSession, Op } from "./Codes.ts"
import type { Settings } from "./Options.ts"
import type { Session } from "./Sessions.ts"
import type { Wire } from "./Wire.ts"

/** Time between op 9 and the close frame with its cause. */
const farewellDelay = 25

export class Connection {
  session: Session | undefined
  lastBeat: number
  /** Heartbeats are heard and not answered. */
  ackless = false
  /** Nothing is dispatched. */
  mute = false
  /** Neither reads nor writes: half open. */
  deaf = false
  /** Reads nothing for now. */
  paused = false
  /** The platform said goodbye; what the bot still says does not count. */
  leaving = false
  /** The next sequence to write; below `replayUntil` it repeats. */
  private next = 1
  private replayUntil = 0
  private blocked = false
  /** What was written before a frame that asks the bot to go: answered by its close frame, it was certainly received. */
  private farewell: { readonly session: Session; readonly upTo: number; readonly code: number | undefined } | undefined

  private readonly wire: Wire
  private readonly settings: Settings
  private readonly ambient: Ambient
  constructor(wire: Wire, settings: Settings, ambient: Ambient) {
    this.wire = wire
    this.settings = settings
    this.ambient = ambient
    this.lastBeat = ambient.now()
  }

  /** Starts writing the session's log after sequence `seq`, of which what is there already is a replay. */
  serve(session: Session, seq: number): void {
    this.session = session
    this.next = Math.max(session.first, seq + 1)
    this.replayUntil = session.last
  }

  send(frame: unknown): void {
    this.sendText(JSON.stringify(frame))
  }

  sendText(text: string): void {
    if (!this.deaf && this.wire.isOpen()) this.wire.send(text)
  }

  /** Writes until everything is said or the peer reads too slowly; the rest waits in the session's log. */
  pump(): void {
    const { session, wire } = this
    if (session === undefined || this.deaf || this.mute || this.blocked || this.leaving) return
    while (this.next <= session.last && wire.isOpen()) {
      const s = this.next++
      const frame = session.frame(s, s <= this.replayUntil)
      if (frame === undefined) continue
      if (s > session.writtenUpTo) session.writtenUpTo = s
      if (wire.unsent() < this.settings.socketBuffer) {
        wire.send(frame)
        continue
      }
      this.blocked = true
      wire.send(frame, () => {
        this.blocked = false
        this.pump()
      })
      return
    }
  }

  /** From here on the bot's close frame proves that it has read everything before. */
  private sayFarewell(code?: number): void {
    if (this.session !== undefined) this.farewell = { session: this.session, upTo: this.next - 1, code }
  }

  /** op 7; who does not go is closed. */
  askToReconnect(): void {
    this.send({ op: Op.Reconnect })
    this.sayFarewell()
    this.ambient.after(this.settings.reconnectGrace, () => this.close(4009, "Session timed out"))
  }

  /** op 9, then a close frame with the cause. */
  invalidate(resumable: boolean, code: number, reason: string): void {
    this.send({ op: Op.InvalidSession, d: resumable })
    this.sayFarewell()
    this.leaving = true
    this.ambient.after(farewellDelay, () => this.close(code, reason))
  }

  /**
   * A close frame. Only one that ends the session obliges the bot to take what it has read so far: otherwise it may drop
   * the rest and count on the replay.
   */
  close(code: number, reason: string, ends = endsSession(code)): void {
    if (this.deaf || !this.wire.isOpen()) return
    if (!this.leaving && ends) this.sayFarewell(code)
    this.leaving = true
    this.wire.close(code, reason)
  }

  /** The bot's close frame arrived. A bot hanging up by itself has not read ours, so a close frame must be echoed. */
  answered(echoed: number): void {
    if (this.farewell === undefined) return
    const { code, session, upTo } = this.farewell
    if (code !== undefined && code !== echoed) return
    session.receivedUpTo = Math.max(session.receivedUpTo, upTo)
  }

  cut(by: "fin" | "rst"): void {
    this.leaving = true
    if (by === "rst" || this.deaf) {
      this.wire.reset()
      return
    }
    this.wire.end()
    // A peer that ignores the FIN must not keep the socket for ever.
    this.ambient.after(1000, () => this.wire.destroy())
  }

  goDeaf(): void {
    this.deaf = true
    this.wire.deafen()
  }

  stopReading(millis: number): void {
    if (this.deaf) return
    this.paused = true
    this.wire.pause()
    this.ambient.after(millis, () => {
      this.paused = false
      // Beats sent meanwhile are still in the pipe: the silence was ours.
      this.lastBeat = this.ambient.now()
      if (!this.deaf) this.wire.resume()
    })
  }
}
