/** Every target there is. A new one is a file beside this one and a line in here. */
import type { Target } from "../Target.ts"
import { config } from "./config.ts"
import { files } from "./files.ts"
import { frames } from "./frames.ts"
import { handlers } from "./handlers.ts"
import { rest } from "./rest.ts"
import { rows } from "./rows.ts"
import { schedules } from "./schedules.ts"
import { seals } from "./seals.ts"
import { terminal } from "./terminal.ts"
import { webhook } from "./webhook.ts"

export const targets: ReadonlyArray<Target> = [
  frames,
  rows,
  rest,
  config,
  seals,
  terminal,
  schedules,
  handlers,
  webhook,
  files
]
