/** What the API says when it does not do as asked: a status, a name, and a sentence that tells what to do. */
import { Schema } from "effect"

const message = Schema.String

/** There is no token, or a wrong one. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()(
  "Unauthorized",
  { message },
  { httpApiStatus: 401 }
) {}

/** Too many wrong tokens came from this address: for a while none is looked at. */
export class TooManyAttempts extends Schema.TaggedError<TooManyAttempts>()(
  "TooManyAttempts",
  { message, retryAfterSeconds: Schema.Int },
  { httpApiStatus: 429 }
) {}

/** There is no such account, shard, dead letter or operation. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { message }, { httpApiStatus: 404 }) {}

/** It exists, but cannot be done now. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", { message }, { httpApiStatus: 409 }) {}

/** The store does not answer, or as many callers are served as may be. */
export class Unavailable extends Schema.TaggedError<Unavailable>()(
  "Unavailable",
  { message },
  { httpApiStatus: 503 }
) {}
