/**
 * Reads the verdict on a send that was held for review: `MESSAGE_AUDIT_PASS` or `MESSAGE_AUDIT_REJECT`, which name the
 * `audit_id` of the 202 that the send was answered with. QQ tells it only to a session with the intent MESSAGE_AUDIT.
 */
import type { Event } from "../../domain/Event.ts"
import type { Verdict } from "../../ports/Platform.ts"
import { idOf, isJson } from "./Json.ts"

export const verdictOf = ({ type, data }: Event): Verdict | undefined => {
  const passed = type === "MESSAGE_AUDIT_PASS"
  if (!(passed || type === "MESSAGE_AUDIT_REJECT") || !isJson(data)) return undefined
  const auditId = idOf(data["audit_id"])
  return auditId === undefined ? undefined : { auditId, passed, messageId: idOf(data["message_id"]) }
}
