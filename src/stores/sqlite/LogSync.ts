/**
 * Makes the write-ahead log durable while the worker computes the next commit: an answer waits here for an `fdatasync`
 * that began after its transaction was written. One sync covers everything written before it, and answers leave in the
 * order in which they came. When a sync fails, so does everything that waits.
 *
 * The log is a file of its own to the kernel: SQLite locks `-shm` and the database, so closing a descriptor of `-wal`
 * drops no lock of SQLite's. It is never unlinked while the worker's connection lives; another worker is another log.
 */
import { close, fdatasync, open } from "node:fs"

export type Told = (error?: Error | null) => void

/** The log as a file that can be synced. */
export interface LogFile {
  readonly sync: (told: Told) => void
  readonly close: (told: Told) => void
}
export type OpenLog = (path: string, told: (error: Error | null, file: LogFile) => void) => void

export const openLog: OpenLog = (path, told) =>
  open(path, "r+", (error, fd) =>
    told(error, { sync: (told) => fdatasync(fd, told), close: (told) => close(fd, told) })
  )

interface Waiting {
  /** The log to be synced first; `undefined`: only waits for those before it. */
  readonly path: string | undefined
  readonly told: (error: Error | undefined) => void
}

export class LogSync {
  private readonly openLog: OpenLog
  private waiting: Array<Waiting> = []
  private underWay: Array<Waiting> = []
  private isBusy = false
  private file: LogFile | undefined
  private path: string | undefined
  private idle: (() => void) | undefined

  constructor(open: OpenLog) {
    this.openLog = open
  }

  /** Tells once this log is synced, and everything before told. At once, if there is nothing to wait for. */
  after(path: string | undefined, told: (error: Error | undefined) => void): void {
    if (path === undefined && !this.isBusy) return told(undefined)
    this.waiting.push({ path, told })
    if (!this.isBusy) this.next()
  }

  /** Forgets who waits, without a word, and the file: the thread that wrote it is gone. */
  abandon(): void {
    this.waiting = []
    this.underWay = []
    this.path = undefined
  }

  /** Waits for what is under way, and closes the file. */
  async close(): Promise<void> {
    if (this.isBusy) {
      await new Promise<void>((resolve) => {
        this.idle = resolve
      })
    }
    this.path = undefined
    const { file } = this
    this.file = undefined
    if (file !== undefined) await new Promise<void>((resolve) => file.close(() => resolve()))
  }

  private next(): void {
    const path = this.waiting.findLast(({ path }) => path !== undefined)?.path
    this.underWay = this.waiting
    this.waiting = []
    this.isBusy = this.underWay.length > 0
    if (!this.isBusy) {
      this.idle?.()
      this.idle = undefined
      return
    }
    if (path === undefined) return this.done(undefined)
    if (path === this.path && this.file !== undefined) return this.file.sync((error) => this.done(error ?? undefined))
    this.reopen(path)
  }

  private reopen(path: string): void {
    this.file?.close(() => {})
    this.file = undefined
    this.path = path
    this.openLog(path, (error, file) => {
      if (error !== null) return this.done(error)
      this.file = file
      file.sync((error) => this.done(error ?? undefined))
    })
  }

  private done(error: Error | undefined): void {
    // After a failure nothing behind it may succeed; and the descriptor is not trusted any more.
    const told = error === undefined ? this.underWay : [...this.underWay, ...this.waiting]
    if (error !== undefined) {
      this.waiting = []
      this.path = undefined
    }
    this.underWay = []
    for (const { told: tell } of told) tell(error)
    this.next()
  }
}
