/** The words of health, and their bounds. */

/** Best first. */
export const healthStatuses = ['healthy', 'degraded', 'unhealthy'] as const
/** `degraded`: it works, a person should look. `unhealthy`: it does not do its work. */
export type HealthStatus = (typeof healthStatuses)[number]

/** What `node.monitor.health()` gives. */
export interface Health {
  readonly status: HealthStatus
  /** One sentence a finding, worst first; at most 16. */
  readonly reasons: readonly string[]
}

/** Reasons given; more are not. */
export const reasonsMax = 16
/** Longest reason, in bytes of UTF-8. */
export const reasonMaxBytes = 512
