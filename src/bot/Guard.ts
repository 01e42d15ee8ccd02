/**
 * Guards decide whether a handler sees an event; they combine.
 *
 * ```ts
 * Bot.on("MessageReceived", Guard.all(Guard.notFromBots, Guard.cooldown("5 seconds")), handler)
 * ```
 */
import { Clock, Duration, Effect } from "effect"
import { type Conversation, laneKey } from "../domain/Conversation.ts"
import type { Event, MessageReceived } from "../domain/Event.ts"
import type { StoreError } from "../domain/StoreError.ts"
import { Turn } from "../engines/Turn.ts"

/** Passes an event or not. */
export type Guard<in Ev, out E = never, out R = never> = (event: Ev) => Effect.Effect<boolean, E, R>

const plain =
  <Ev>(test: (event: Ev) => boolean): Guard<Ev> =>
  (event) =>
    Effect.sync(() => test(event))

/** A guard of one's own. */
export const make = plain

/** Passes when every guard does; asks them in order and stops at the first that does not. */
export const all =
  <Ev, E = never, R = never>(...guards: ReadonlyArray<Guard<Ev, E, R>>): Guard<Ev, E, R> =>
  (event) =>
    Effect.gen(function* () {
      for (const guard of guards) if (!(yield* guard(event))) return false
      return true
    })

/** Passes when one of the guards does. */
export const any =
  <Ev, E = never, R = never>(...guards: ReadonlyArray<Guard<Ev, E, R>>): Guard<Ev, E, R> =>
  (event) =>
    Effect.gen(function* () {
      for (const guard of guards) if (yield* guard(event)) return true
      return false
    })

/** Passes when the guard does not. */
export const not =
  <Ev, E, R>(guard: Guard<Ev, E, R>): Guard<Ev, E, R> =>
  (event) =>
    Effect.map(guard(event), (passes) => !passes)

/** Messages of people only. */
export const notFromBots: Guard<MessageReceived> = plain((event) => !event.author.isBot)

/** Messages that speak to this bot: one to one, or naming it. */
export const addressed: Guard<MessageReceived> = plain((event) => event.isAddressed)

/** Messages of those who run the place: its owner and its admins. In private chats nobody is. */
export const fromAdmins: Guard<MessageReceived> = plain(
  ({ author }) => author.role === "owner" || author.role === "admin"
)

/** Events of these guilds only. Events that belong to no guild do not pass. */
export const guilds = (...ids: ReadonlyArray<string>): Guard<MessageReceived> => {
  const allowed = new Set(ids)
  return plain((event) => event.guildId !== undefined && allowed.has(event.guildId))
}

/** Events of these conversations only; given by id, or exactly. */
export const conversations = (...places: ReadonlyArray<string | Pick<Conversation, "kind" | "id">>): Guard<Event> => {
  const allowed = new Set(places.map((place) => (typeof place === "string" ? place : `${place.kind}:${place.id}`)))
  return plain(({ conversation }) => allowed.has(conversation.id) || allowed.has(laneKey(conversation)))
}

/** Messages one to one. */
export const direct: Guard<Event> = plain(
  ({ conversation }) => conversation.kind === "direct" || conversation.kind === "guildDirect"
)

/** Messages that begin with this text. */
export const prefix = (text: string): Guard<MessageReceived> =>
  plain((event) => event.text.trimStart().startsWith(text))

/** Messages that contain this text. */
export const contains = (text: string): Guard<MessageReceived> => plain((event) => event.text.includes(text))

/**
 * Passes once in `every` for each author in each conversation (`by: "author"`, the default) or for each conversation.
 * What it remembers commits with the turn: an event that is handled again after a crash passes again. `name` tells
 * cool-downs of different handlers apart.
 */
export const cooldown =
  (
    every: Duration.Input,
    options: { readonly name?: string; readonly by?: "author" | "conversation" } = {}
  ): Guard<MessageReceived, StoreError, Turn> =>
  (event) =>
    Effect.gen(function* () {
      const turn = yield* Turn
      const now = yield* Clock.currentTimeMillis
      const { account } = event.conversation
      const who = options.by === "conversation" ? "" : event.author.id
      const key = `${account}/cooldown/${options.name ?? ""}/${laneKey(event.conversation)}/${who}`
      const last = Number((yield* turn.read(key)) ?? Number.NEGATIVE_INFINITY)
      // A time to come was written before the clock was set back: it says nothing.
      if (last <= now && now - last < Duration.toMillis(Duration.fromInputUnsafe(every))) return false
      yield* turn.write(key, String(now))
      return true
    })
