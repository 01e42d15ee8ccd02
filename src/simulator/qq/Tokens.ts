/** Access tokens: issued, renewed near their end, expired early on command. */
import type { Ambient } from "./Ambient.ts"
import type { Settings } from "./Options.ts"

/**
 * How every token begins, so that a test can look for it in whatever a bot says. Otherwise they look like QQ's own: 64
 * characters of the same alphabet.
 */
export const tokenPrefix = "SimulatedQqToken-"

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

export type TokenState = "valid" | "expired" | "unknown" | "legacy" | "legacyDisabled"

export interface Tokens {
  /** The current token, or a new one inside the refresh window; the old one lives on until its own end. */
  readonly issue: () => { readonly token: string; readonly remaining: number }
  /** Judges a credential as it comes in a header or frame; the prefix may be absent. */
  readonly check: (credential: string) => TokenState
  /** Kills every token handed out so far. */
  readonly expireAll: () => void
}

export const make = (settings: Settings, ambient: Ambient): Tokens => {
  // Dead tokens stay known, so that "expired" and "never heard of" get different answers.
  const expiries = new Map<string, number>()
  let current: { readonly token: string; readonly expiresAt: number } | undefined
  return {
    issue: () => {
      const now = ambient.now()
      if (current === undefined || current.expiresAt - now <= settings.tokenRefreshWindow) {
        const token = tokenPrefix + ambient.text(64 - tokenPrefix.length, alphabet)
        current = { token, expiresAt: now + settings.tokenLifetime }
        expiries.set(current.token, current.expiresAt)
      }
      return { token: current.token, remaining: current.expiresAt - now }
    },
    check: (credential) => {
      if (/^(Bot )?\d+\./.test(credential)) return settings.acceptLegacyToken ? "legacy" : "legacyDisabled"
      const expiresAt = expiries.get(credential.startsWith("QQBot ") ? credential.slice(6) : credential)
      if (expiresAt === undefined) return "unknown"
      return expiresAt > ambient.now() ? "valid" : "expired"
    },
    expireAll: () => {
      for (const token of expiries.keys()) expiries.set(token, 0)
      current = undefined
    }
  }
}
