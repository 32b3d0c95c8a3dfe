/** The options of the registry: its names, and the services behind them. */
import { defaultsOf, integer, type Rules } from '../kernel/index.ts'

/** Options of the registry. */
export interface RegistryOptions {
  /** Deadline of a registration that names none. Milliseconds, 1 to 2^31-1. */
  readonly registerTimeoutMs: number
  /** A claim that was not answered for this long is sent again. Milliseconds. */
  readonly claimResendAfterMs: number
  /** How long an arbiter waits for all members to come to one view; then it decides all the same. Milliseconds. */
  readonly agreeTimeoutMs: number
  /** How long the loser of a conflict may take in `onConflictLost`. Milliseconds. */
  readonly conflictGraceMs: number
  /** Registrations of this node that wait for a verdict; beyond it they fail. */
  readonly claimsMax: number
  /** Claims that wait here for a view to be agreed on; beyond it claimants are asked to come again. */
  readonly heldClaimsMax: number
  /** Names granted here whose owners have not been heard yet; beyond it claimants are asked to come again. */
  readonly grantsMax: number
  /** A grant nobody made use of for this long is void. Milliseconds. */
  readonly grantKeepMs: number
  /** Deadline of a call of a service that names none. Milliseconds, 1 to 2^31-1. */
  readonly callTimeoutMs: number
  /** Calls that wait for one service; beyond it they fail. */
  readonly mailboxMax: number
  /** Calls held for a service that is on its way here, or that wait here while it moves. */
  readonly bufferMax: number
  /** How long a node says where a service went. Milliseconds. */
  readonly movedForMs: number
  /** Largest metadata of a name or a member of a group, encoded. Bytes. */
  readonly metaMaxBytes: number
}

/** The rules of {@link RegistryOptions}. */
export const registryRules: Rules<RegistryOptions> = {
  registerTimeoutMs: integer(5_000, { min: 1, max: 2_147_483_647 }),
  claimResendAfterMs: integer(1_000, { min: 10, max: 60_000 }),
  agreeTimeoutMs: integer(2_000, { min: 10, max: 60_000 }),
  conflictGraceMs: integer(5_000, { min: 1, max: 600_000 }),
  claimsMax: integer(262_144, { min: 1, max: 4_194_304 }),
  heldClaimsMax: integer(262_144, { min: 1, max: 4_194_304 }),
  grantsMax: integer(262_144, { min: 1, max: 4_194_304 }),
  grantKeepMs: integer(10_000, { min: 100, max: 600_000 }),
  callTimeoutMs: integer(5_000, { min: 1, max: 2_147_483_647 }),
  mailboxMax: integer(10_000, { min: 1, max: 1_000_000 }),
  bufferMax: integer(1_000, { min: 1, max: 1_000_000 }),
  movedForMs: integer(60_000, { min: 0, max: 3_600_000 }),
  metaMaxBytes: integer(8_192, { min: 16, max: 16_384 }),
}

/** The defaults of {@link RegistryOptions}. */
export const registryDefaults: RegistryOptions = defaultsOf(registryRules)
