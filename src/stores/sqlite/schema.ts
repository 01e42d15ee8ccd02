/**
 * The tables, as a numbered list of steps: `PRAGMA user_version` is the number of steps a file has taken.
 *
 * Steps are only ever added. A file that took more steps than this code knows is refused, not guessed at.
 * Runs in the worker thread.
 */
import type { DatabaseSync } from "node:sqlite"
import { intoBlocks } from "./intoBlocks.ts"

const migrations: ReadonlyArray<string | ((db: DatabaseSync) => void)> = [
  `
  CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

  -- raw stands last, so that reading the rest of a row does not read the frame.
  CREATE TABLE inbox (
    id INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    account INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    lane TEXT NOT NULL,
    key TEXT NOT NULL,
    raw BLOB NOT NULL
  );
  -- The only index: a hash of the key behind the number of its drawer. Equal hashes compare the key.
  CREATE UNIQUE INDEX inbox_hash ON inbox (hash);

  -- Every id from first to last is settled. Merged, so that a healthy inbox has a handful of rows here.
  CREATE TABLE settled (first INTEGER PRIMARY KEY, last INTEGER NOT NULL);
  CREATE TABLE deferred (id INTEGER PRIMARY KEY, not_before INTEGER NOT NULL);

  CREATE TABLE dead_events (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    lane TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    at INTEGER NOT NULL
  );
  CREATE INDEX dead_events_at ON dead_events (account, at);

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    lane TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    priority TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    reply_to TEXT,
    receipt TEXT,
    reason TEXT
  );
  CREATE INDEX outbox_unfinished ON outbox (account, id, created_at) WHERE status IN ('queued', 'sending');
  CREATE INDEX outbox_resting ON outbox (account, updated_at) WHERE status IN ('refused', 'expired', 'dead', 'unknown');

  CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL, version INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE positions (
    account TEXT NOT NULL,
    stream TEXT NOT NULL,
    position TEXT NOT NULL,
    PRIMARY KEY (account, stream)
  ) WITHOUT ROWID;
  CREATE TABLE gaps (id INTEGER PRIMARY KEY, account TEXT NOT NULL, gap TEXT NOT NULL);
  CREATE INDEX gaps_account ON gaps (account);
  `,
  `
  -- The last answers of each run, for commits that are repeated because their answer was lost.
  CREATE TABLE answers (
    run TEXT NOT NULL,
    slot INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (run, slot)
  ) WITHOUT ROWID;

  -- Grows at its end only. Finds what to prune, and counts what was sent without reading the rows.
  CREATE INDEX outbox_finished ON outbox (updated_at, account, status) WHERE status IN ('sent', 'auditing');
  `,
  `
  -- Holds what waits for a review, by the id that the verdict will name.
  CREATE INDEX outbox_auditing ON outbox (account, json_extract(receipt, '$.auditId')) WHERE status = 'auditing';
  `,
  intoBlocks,
  // The turn's trace context, for sends that are drawn by another process.
  "ALTER TABLE outbox ADD COLUMN trace TEXT"
]

/** How many steps this code knows. */
export const version = migrations.length

/** Takes the steps up to `to` that the file has not taken, each in its own transaction. Throws {@link NewerSchema}. */
export const migrate = (db: DatabaseSync, to: number = version): void => {
  const taken = Number(db.prepare("PRAGMA user_version").get()?.["user_version"])
  if (taken > version) throw new NewerSchema(taken)
  for (let step = taken; step < to; step++) {
    take(db, migrations[step] ?? "", step + 1)
  }
}

const take = (db: DatabaseSync, step: string | ((db: DatabaseSync) => void), version: number): void => {
  db.exec("BEGIN IMMEDIATE")
  try {
    if (typeof step === "string") db.exec(step)
    else step(db)
    db.exec(`PRAGMA user_version = ${version}; COMMIT`)
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK")
    throw error
  }
}

export class NewerSchema extends Error {
  constructor(taken: number) {
    super(
      `it was written by a newer everbot (schema ${taken}, this one knows ${version}): upgrade everbot, or use another file`
    )
  }
}
