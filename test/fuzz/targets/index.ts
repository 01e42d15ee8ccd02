/** Every target there is. A new one is a file beside this one and a line in here. */
import type { Target } from "../Target.ts"
import { config } from "./config.ts"
import { database } from "./database.ts"
import { envelopes } from "./envelopes.ts"
import { files } from "./files.ts"
import { frames } from "./frames.ts"
import { handlers } from "./handlers.ts"
import { http } from "./http.ts"
import { rest } from "./rest.ts"
import { rows } from "./rows.ts"
import { schedules } from "./schedules.ts"
import { seals } from "./seals.ts"
import { sockets } from "./sockets.ts"
import { terminal } from "./terminal.ts"
import { webhook } from "./webhook.ts"

export const targets: ReadonlyArray<Target> = [
  frames,
  rows,
  rest,
  seals,
  envelopes,
  config,
  handlers,
  terminal,
  schedules,
  webhook,
  http,
  sockets,
  files,
  database
]
