/** What is broken right now: armed by faults, consulted and used up by the gateway, the token endpoint and REST. */

/** A fault that hits the next few occasions. */
export interface Charges {
  left: number
}

export const make = () => ({
  wrongSecret: false,
  banned: false,
  addressForbidden: false,
  forbiddenIntents: 0,
  historyForbidden: false,
  recommendedShards: 1,
  requiredShards: 1,
  duplicateOnResume: 0,
  noHello: { left: 0 },
  lostEvents: { left: 0 },
  refuseUpgrade: { left: 0, status: 503 },
  rateLimited: { left: 0, retryAfter: undefined as number | undefined },
  serverError: { left: 0, status: 500, code: 50055001 },
  htmlError: { left: 0, status: 502 },
  lostAnswer: { left: 0 },
  slowAnswer: { left: 0, ms: 0 },
  audit: { left: 0, verdict: undefined as "pass" | "reject" | undefined },
  token: { left: 0, form: "json" as "json" | "html" | "busy" | "hang" }
})

export type Switches = ReturnType<typeof make>

/** Whether a fault strikes now; uses up one charge. */
export const strikes = (charges: Charges): boolean => {
  if (charges.left <= 0) return false
  charges.left--
  return true
}
