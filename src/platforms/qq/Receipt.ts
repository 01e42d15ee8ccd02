/** What the answer to a send says: sent, under review, sent before, or nothing that can be understood. Pure. */
import type { Receipt } from "../../domain/Message.ts"
import * as RestError from "../../domain/RestError.ts"
import { numberOf } from "./History.ts"
import { type Answer, complaint, integer } from "./Http.ts"
import { idOf, isJson } from "./Message.ts"
import { deciding, toReason } from "./RestCode.ts"

const meaningOf = ({ body }: Answer) =>
  isJson(body) ? deciding({ errCode: integer(body["err_code"]), code: integer(body["code"]) })?.becomes : undefined

/** Answers of failing statuses that are successes of a send. */
export const isAccepted = (answer: Answer): boolean => {
  const meaning = meaningOf(answer)
  return meaning === "AlreadySent" || meaning === "Auditing"
}

/** Proof of acceptance; `undefined` for an answer that is none. */
export const receiptOf = (answer: Answer): Receipt | undefined => {
  const { body, status } = answer
  const meaning = meaningOf(answer)
  if (meaning === "AlreadySent") return { messageId: undefined, status: "sent" }
  if (meaning === "Auditing" || status === 201 || status === 202) {
    return { messageId: undefined, status: "auditing", auditId: auditIdOf(body) }
  }
  if (status === 204) return { messageId: undefined, status: "sent" }
  const messageId = isJson(body) ? idOf(body["id"]) : undefined
  if (messageId === undefined) return undefined
  const number = isJson(body) ? numberOf(body) : undefined
  return number === undefined ? { messageId, status: "sent" } : { messageId, status: "sent", number }
}

/** `{"data":{"message_audit":{"audit_id":"…"}}}` */
const auditIdOf = (body: unknown): string | undefined => {
  const data = isJson(body) ? body["data"] : undefined
  const audit = isJson(data) ? data["message_audit"] : undefined
  return isJson(audit) ? idOf(audit["audit_id"]) : undefined
}

/** A 200 that is no message: refused after all if it has a code, else anybody's guess. */
export const unreadable = (answer: Answer, isSend: boolean): RestError.Reason => {
  const { retryAfter: _, ...said } = complaint(answer, 0)
  if ((said.errCode ?? said.code ?? 0) !== 0) return toReason({ ...said, status: answer.status, isSend })
  const facts = { status: answer.status, detail: "its answer is no message", trace: said.trace }
  return isSend ? new RestError.OutcomeUnknown(facts) : new RestError.Unavailable({ ...facts, reached: true })
}
