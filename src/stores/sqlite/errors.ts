/** SQLite's result codes as reasons. Source: https://sqlite.org/rescode.html (primary codes: the low 8 bits). */
import {
  Busy,
  Corrupt,
  Full,
  Inaccessible,
  type Reason,
  Refused,
  StoreError,
  Superseded,
  Unusable
} from "../../domain/StoreError.ts"
import type { Fault } from "./protocol.ts"

const mend = (filename: string) =>
  `Nothing was changed. Stop the bot, move ${filename} and its -wal and -shm away together, and put the last backup in their place; ` +
  `or save what can still be read, with a current sqlite3: sqlite3 ${filename} .recover | sqlite3 NEW`

const reasons: Readonly<Record<number, (detail: string, filename: string) => Reason>> = {
  3: (detail) => new Inaccessible({ detail }), // PERM
  4: (detail) => new Inaccessible({ detail }), // ABORT
  5: (detail) => new Busy({ detail }), // BUSY
  6: (detail) => new Busy({ detail }), // LOCKED
  7: (detail) => new Inaccessible({ detail }), // NOMEM
  8: (detail) => new Inaccessible({ detail }), // READONLY
  9: (detail) => new Inaccessible({ detail }), // INTERRUPT
  10: (detail) => new Inaccessible({ detail }), // IOERR
  11: (detail, filename) => new Corrupt({ detail: `${detail}. ${mend(filename)}` }), // CORRUPT
  13: (detail) => new Full({ detail }), // FULL
  14: (detail) => new Inaccessible({ detail }), // CANTOPEN
  18: (detail) => new Refused({ detail }), // TOOBIG
  19: (detail) => new Refused({ detail }), // CONSTRAINT
  20: (detail) => new Refused({ detail }), // MISMATCH
  22: (detail) => new Inaccessible({ detail }), // NOLFS
  23: (detail) => new Inaccessible({ detail }), // AUTH
  25: (detail) => new Refused({ detail }), // RANGE
  26: (detail, filename) => new Corrupt({ detail: `${detail}. ${mend(filename)}` }) // NOTADB
}

/** What a fault in the worker means to the caller of `operation`. Anything unknown is a misuse: never retried. */
export const storeError = (filename: string, operation: string, fault: Fault): StoreError => {
  if (fault.superseded) return new StoreError({ operation, reason: new Superseded() })
  const detail = `${filename}: ${fault.message}`
  const reason = reasons[(fault.errcode ?? 1) & 0xff]?.(detail, filename) ?? new Unusable({ detail })
  return new StoreError({ operation, reason })
}

/** The worker thread ended by itself: what was under way may or may not have been committed. */
export const workerLost = (filename: string, operation: string, why: string): StoreError =>
  new StoreError({ operation, reason: new Inaccessible({ detail: `${filename}: the store's thread ended: ${why}` }) })
