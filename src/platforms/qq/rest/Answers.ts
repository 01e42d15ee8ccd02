/**
 * Reads answers leniently: the ids we rely on must be there, everything else is the platform's word, passed on as it
 * came. Numbers where an id should be become texts, a list that is missing or null is empty.
 */
import { Option } from "effect"
import type { Answer } from "../Http.ts"
import { idOf, isJson } from "../Message.ts"

/** What an answer says; none when it is not what was asked for. */
export type Reader<A> = (answer: Answer) => Option.Option<A>

/** Nothing is expected: 204, or any body. */
export const nothing: Reader<void> = () => Option.void

/** Whatever it says; `undefined` without a body. For what the platform promises nothing about. */
export const anything: Reader<unknown> = ({ body }) => Option.some(body)

const withIds = <A>(value: unknown, ids: ReadonlyArray<string>): Option.Option<A> => {
  if (!isJson(value)) return Option.none()
  const found = ids.map((name) => [name, idOf(value[name])] as const)
  if (found.some(([, id]) => id === undefined)) return Option.none()
  return Option.some({ ...value, ...Object.fromEntries(found) } as A)
}

/** An object that has at least these ids. `A` is the platform's word for the rest. */
export const record =
  <A>(...ids: ReadonlyArray<keyof A & string>): Reader<A> =>
  ({ body }) =>
    withIds(body, ids)

/** The object under a name; the bare object is taken too, because both have been seen. */
export const inside =
  <A>(name: string, ...ids: ReadonlyArray<keyof A & string>): Reader<A> =>
  ({ body }) =>
    withIds(isJson(body) && isJson(body[name]) ? body[name] : body, ids)

/** A list of objects, each with these ids; what is no such object is left out. */
export const list =
  <A>(...ids: ReadonlyArray<keyof A & string>): Reader<ReadonlyArray<A>> =>
  ({ body }) =>
    Array.isArray(body ?? []) ? Option.some(itemsOf<A>(body, ids)) : Option.none()

/** An object with a list under a name, e.g. a page: the list is never absent. */
export const page =
  <A>(name: keyof A & string, ...ids: ReadonlyArray<string>): Reader<A> =>
  ({ body }) => {
    if (!isJson(body) || !Array.isArray(body[name] ?? [])) return Option.none()
    // A list of plain ids is a list too.
    const items = ids.length === 0 ? (body[name] ?? []) : itemsOf(body[name], ids)
    return Option.some({ ...body, [name]: items } as A)
  }

const itemsOf = <A>(value: unknown, ids: ReadonlyArray<string>): ReadonlyArray<A> =>
  Array.isArray(value) ? value.flatMap((one) => Option.toArray(withIds<A>(one, ids))) : []
