/**
 * Since when things are as they are: heard on the status stream, because a look at a connection tells only how it is
 * now. Bounded by the number of accounts and shards.
 */
import type { Effect, Scope } from "effect"
import type { GatewayError } from "../../domain/GatewayError.ts"
import type { Status } from "../../domain/Status.ts"
import type { StoreError } from "../../domain/StoreError.ts"
import type { StatusStream } from "../../engines/StatusStream.ts"

/** Times in epoch milliseconds. */
export interface ShardTimes {
  /** When the session that lives began; `undefined` while there is none. */
  readySince: number | undefined
  /** When the last session ended, or the first connection was tried; `undefined` while one lives. */
  lostSince: number | undefined
  /** Why the latest connection ended. */
  cause: GatewayError | undefined
}

export interface IntakeTimes {
  pausedSince: number | undefined
  why: string
  resumedAt: number
}

export class Chronicle {
  /** Why the store failed last; `undefined` while it works. */
  storeError: StoreError | undefined
  /** Accounts whose breaker is not closed, and since when. */
  readonly broken = new Map<string, number>()
  private readonly shards = new Map<string, ShardTimes>()
  private readonly intakes = new Map<string, IntakeTimes>()
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  shard(account: string, shard: number): ShardTimes | undefined {
    return this.shards.get(`${account}/${shard}`)
  }
  intake(account: string): IntakeTimes | undefined {
    return this.intakes.get(account)
  }

  /** Listens until the scope closes. */
  follow(status: StatusStream["Service"]): Effect.Effect<void, never, Scope.Scope> {
    return status.listen((news) => this.heard(news))
  }

  private heard(news: Status): void {
    switch (news._tag) {
      case "ConnectionChanged":
        return this.connection(news)
      case "IntakePaused":
        this.intakes.set(news.account, { pausedSince: this.now(), why: news.why, resumedAt: 0 })
        return
      case "IntakeResumed":
        this.intakes.set(news.account, { pausedSince: undefined, why: "", resumedAt: this.now() })
        return
      case "BreakerChanged":
        if (news.state === "closed") this.broken.delete(news.account)
        else if (!this.broken.has(news.account)) this.broken.set(news.account, this.now())
        return
      case "StoreFailed":
        this.storeError = news.error
        return
      case "StoreRecovered":
        this.storeError = undefined
        return
    }
  }

  private connection({ account, shard, to }: Extract<Status, { readonly _tag: "ConnectionChanged" }>): void {
    const key = `${account}/${shard}`
    const times = this.shards.get(key) ?? { readySince: undefined, lostSince: this.now(), cause: undefined }
    this.shards.set(key, times)
    if (to._tag === "Ready") {
      times.readySince = this.now()
      times.lostSince = undefined
      times.cause = undefined
      return
    }
    times.readySince = undefined
    times.lostSince ??= this.now()
    if (to._tag === "Reconnecting" || to._tag === "Failed") times.cause = to.cause
  }
}
