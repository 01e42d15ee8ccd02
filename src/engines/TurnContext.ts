/** What a handler runs in: its services, its turn, and by what its log lines are found. */
import { Context, References } from "effect"
import { laneKey } from "../domain/Conversation.ts"
import { type ActiveTurn, Turn } from "./Turn.ts"

/** In the words of the log, see `monitor/logs/Record.ts`. Hot: written out, because copying objects costs more. */
const subjectsOf = ({ attempt, event, shard, span }: ActiveTurn): Readonly<Record<string, string | number>> => {
  const { account, conversation, key } = event
  const lane = laneKey(conversation)
  if (span?.trace !== undefined) {
    const { trace } = span
    return { account, ...(shard !== undefined && { shard }), conversation: lane, event: key, turn: attempt, trace }
  }
  return shard === undefined
    ? { account, conversation: lane, event: key, turn: attempt }
    : { account, shard, conversation: lane, event: key, turn: attempt }
}

/** Made once for a handler, so that a turn costs no more than what differs from one to the next. */
export const within = <R>(services: Context.Context<R>): ((turn: ActiveTurn) => Context.Context<R | Turn>) => {
  // A context that was added to eight times is copied as a whole by the next two additions: 4 µs of a turn. One made of a
  // map begins to count anew.
  const fresh = Context.makeUnsafe<R>(services.mapUnsafe)
  const own = Context.get(services, References.CurrentLogAnnotations)
  const hasOwn = Object.keys(own).length > 0
  return (turn) => {
    const subjects = subjectsOf(turn)
    const context = Context.add(
      Context.add(fresh, Turn, turn),
      References.CurrentLogAnnotations,
      hasOwn ? { ...own, ...subjects } : subjects
    )
    const drawn = turn.span?.context
    return drawn === undefined ? context : Context.merge(context, drawn)
  }
}
