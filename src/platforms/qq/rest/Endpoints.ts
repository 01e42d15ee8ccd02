/** Every call of QQ's REST API, by family: what `QqApi` is made of and what the page of what is covered lists. */
import { announces, audio, pins, reactions, schedules, threads } from "./Boards.ts"
import type { Described } from "./Endpoint.ts"
import { files } from "./Files.ts"
import { groupMembers, groups, joinRequests, joinStrategies } from "./Groups.ts"
import { channels, guilds, me, members } from "./Guilds.ts"
import { interactions, messages } from "./Messages.ts"
import { menu, panels } from "./Panels.ts"
import { mute, permissions, roles } from "./Rights.ts"
import { apiPermissions, gateway, links, settings } from "./Settings.ts"

export const families = {
  messages,
  interactions,
  files,
  me,
  guilds,
  channels,
  members,
  roles,
  permissions,
  mute,
  announces,
  pins,
  schedules,
  reactions,
  threads,
  audio,
  apiPermissions,
  settings,
  groups,
  groupMembers,
  joinRequests,
  joinStrategies,
  panels,
  menu,
  links,
  gateway
}

export interface Named extends Described {
  /** As it is called: `guilds.get`. */
  readonly name: string
}

/** The families as one list. */
export const endpoints: ReadonlyArray<Named> = Object.entries(families).flatMap(([family, table]) =>
  Object.entries(table).map(([name, { about, method, path }]: readonly [string, Described]) => ({
    name: `${family}.${name}`,
    method,
    path,
    about
  }))
)
