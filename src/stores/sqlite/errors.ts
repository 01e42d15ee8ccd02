/** SQLite's result codes as reasons. Source: https://sqlite.org/rescode.html (primary codes: the low 8 bits). */
import {
  Busy,
  Corrupt,
  Full,
  Inaccessible,
  type Reason,
  StoreError,
  Superseded,
  Unusable
} from "../../domain/StoreError.ts"
import type { Fault } from "./protocol.ts"

const mend = "Stop the bot, move the file away and put the last backup in its place, or try `sqlite3 FILE .recover`"

const reasons: Readonly<Record<number, (detail: string) => Reason>> = {
  3: (detail) => new Inaccessible({ detail }), // PERM
  4: (detail) => new Inaccessible({ detail }), // ABORT
  5: (detail) => new Busy({ detail }), // BUSY
  6: (detail) => new Busy({ detail }), // LOCKED
  7: (detail) => new Inaccessible({ detail }), // NOMEM
  8: (detail) => new Inaccessible({ detail }), // READONLY
  9: (detail) => new Inaccessible({ detail }), // INTERRUPT
  10: (detail) => new Inaccessible({ detail }), // IOERR
  11: (detail) => new Corrupt({ detail: `${detail}. ${mend}` }), // CORRUPT
  13: (detail) => new Full({ detail }), // FULL
  14: (detail) => new Inaccessible({ detail }), // CANTOPEN
  22: (detail) => new Inaccessible({ detail }), // NOLFS
  23: (detail) => new Inaccessible({ detail }), // AUTH
  26: (detail) => new Corrupt({ detail: `${detail}. ${mend}` }) // NOTADB
}

/** What a fault in the worker means to the caller of `operation`. Anything unknown is a misuse: never retried. */
export const storeError = (filename: string, operation: string, fault: Fault): StoreError => {
  if (fault.superseded) return new StoreError({ operation, reason: new Superseded() })
  const detail = `${filename}: ${fault.message}`
  const reason = reasons[(fault.errcode ?? 1) & 0xff]?.(detail) ?? new Unusable({ detail })
  return new StoreError({ operation, reason })
}

/** The worker thread ended by itself: what was under way may or may not have been committed. */
export const workerLost = (filename: string, operation: string, why: string): StoreError =>
  new StoreError({ operation, reason: new Inaccessible({ detail: `${filename}: the store's thread ended: ${why}` }) })
