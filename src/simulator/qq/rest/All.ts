/** The REST API besides sending, reading and recalling messages: a small guild and its groups, in memory. */
import type { Ambient } from "../Ambient.ts"
import type { Chats } from "../Chats.ts"
import type { Route } from "../Routes.ts"
import * as Boards from "./Boards.ts"
import * as Groups from "./Groups.ts"
import * as Guilds from "./Guilds.ts"
import * as Messages from "./Messages.ts"
import * as Panels from "./Panels.ts"
import * as Settings from "./Settings.ts"
import type { World } from "./World.ts"

export const make = (world: World, chats: Chats, ambient: Ambient, emit: Guilds.Emit): ReadonlyArray<Route> => [
  ...Guilds.make(world, emit),
  ...Boards.make(world, emit),
  ...Groups.make(world),
  ...Panels.make(world),
  ...Messages.make(world, chats, ambient),
  ...Settings.make(world)
]
