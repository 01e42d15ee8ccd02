/** `POST /app/getAppAccessToken`, with its habit of answering errors with status 200. */
import { fieldsOf } from "./Frames.ts"
import type { Settings } from "./Options.ts"
import type { Reply } from "./Rest.ts"
import { type Switches, strikes } from "./Switches.ts"
import type { Tokens } from "./Tokens.ts"

const error = (code: number, message: string, status = 200): Reply => ({ status, body: { code, message } })

const appIdInvalid = error(100007, "appid invalid")
const secretInvalid = error(100016, "invalid appid or secret")

/** Answers a token request; nothing when it is left hanging. */
export const make =
  (settings: Settings, tokens: Tokens, switches: Switches) =>
  (contentType: string, body: Buffer): Reply | undefined => {
    if (strikes(switches.token)) {
      switch (switches.token.form) {
        case "json":
          return error(100002, "internal err", 500)
        case "html":
          return { status: 502, html: "<html><body><h1>502 Bad Gateway</h1></body></html>" }
        case "busy":
          return error(100001, "too many requests")
        case "hang":
          return undefined
      }
    }
    if (switches.banned || !/^application\/json\b/i.test(contentType)) return appIdInvalid
    const fields = fieldsOf(body.toString("utf8"))
    if (fields === undefined || typeof fields["appId"] !== "string") return error(100002, "internal err")
    if (switches.wrongSecret) return secretInvalid
    if (fields["appId"] !== settings.appId || fields["clientSecret"] !== settings.clientSecret) return secretInvalid
    const { remaining, token } = tokens.issue()
    // A decimal string on the wire, whatever the documents say.
    return { status: 200, body: { access_token: token, expires_in: String(Math.max(1, Math.floor(remaining / 1000))) } }
  }
