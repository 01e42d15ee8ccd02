/**
 * State of handlers, typed by a Schema, one value for each user or conversation. Reads see the turn's own writes;
 * writes commit with the turn. Two turns that change the same value at once do not overwrite each other: the second
 * runs again on the new value.
 */
import { Effect, Schema, SchemaIssue } from "effect"
import { laneKey } from "../domain/Conversation.ts"
import type { Event, MessageReceived } from "../domain/Event.ts"
import type { StoreError } from "../domain/StoreError.ts"
import { Turn } from "../engines/Turn.ts"

/** A value that belongs to something an event names. Fails with a SchemaError that names it when what is stored does not fit. */
export interface State<in Ev, in out A> {
  /** The value, or the initial one. */
  readonly get: (event: Ev) => Effect.Effect<A, StoreError | Schema.SchemaError, Turn>
  readonly set: (event: Ev, value: A) => Effect.Effect<void, StoreError | Schema.SchemaError, Turn>
  /** Changes the value and returns the new one. */
  readonly update: (event: Ev, change: (value: A) => A) => Effect.Effect<A, StoreError | Schema.SchemaError, Turn>
  readonly remove: (event: Ev) => Effect.Effect<void, StoreError, Turn>
}

interface Definition<A, I> {
  /** Names the value in the store: do not change it. */
  readonly name: string
  readonly schema: Schema.Codec<A, I>
  readonly initial: A
}

const make = <Ev extends Event, A, I>(
  { initial, name, schema }: Definition<A, I>,
  keyOf: (event: Ev) => string
): State<Ev, A> => {
  const codec = Schema.fromJsonString(Schema.toCodecJson(schema))
  /** Among several states "Expected object" tells nobody which one a new schema no longer fits. */
  const named = Effect.mapError(
    ({ issue }: Schema.SchemaError) => new Schema.SchemaError(new SchemaIssue.Pointer([`state ${name}`], issue))
  )
  const decode = (text: string) => named(Schema.decodeEffect(codec)(text))
  const encode = (value: A) => named(Schema.encodeEffect(codec)(value))
  const get: State<Ev, A>["get"] = (event) =>
    Effect.gen(function* () {
      const stored = yield* (yield* Turn).read(keyOf(event))
      return stored === undefined ? initial : yield* decode(stored)
    })
  const set: State<Ev, A>["set"] = (event, value) =>
    Effect.gen(function* () {
      yield* (yield* Turn).write(keyOf(event), yield* encode(value))
    })
  return {
    get,
    set,
    update: (event, change) =>
      Effect.gen(function* () {
        const next = change(yield* get(event))
        yield* set(event, next)
        return next
      }),
    remove: (event) => Effect.flatMap(Turn, (turn) => turn.write(keyOf(event), undefined))
  }
}

/** A value for each author of messages, whichever conversation they write in. */
export const userState = <A, I>(definition: Definition<A, I>): State<MessageReceived, A> =>
  make(definition, (event) => `${event.account}/user/${event.author.id}/${definition.name}`)

/** A value for each conversation. */
export const conversationState = <A, I>(definition: Definition<A, I>): State<Event, A> =>
  make(definition, (event) => `${event.account}/conversation/${laneKey(event.conversation)}/${definition.name}`)
