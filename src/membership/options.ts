/**
 * The timing and the bounds of membership, and the presets as differences from the default (`lan`).
 * @source memberlist's LAN, WAN and Local configurations for the shape of the presets.
 */
import { defaultsOf, integer, type Rules } from '../kernel/index.ts'

/** Options of {@link Membership}. All times are milliseconds of monotonic time. */
export interface MembershipOptions {
  /** How often silences are judged and due dials are made. 10 to 60 000. */
  readonly tickIntervalMs: number
  /** A tick this much later than planned means that this process itself was held up. 10 to 60 000. */
  readonly tickLateMs: number
  /** Silence of a peer that makes it suspect. 100 to 600 000. */
  readonly suspectAfterMs: number
  /** Silence that makes it down, for up to 10 nodes; grows with log10 of their number. 200 to 600 000. */
  readonly downAfterMs: number
  /** How long a probed peer may take to answer. 10 to 60 000. */
  readonly probeTimeoutMs: number
  /** How many other members are asked to probe a suspect. 0 to 16. */
  readonly indirectProbes: number
  /** Wait before the second dial of an address that failed; it doubles from there. 10 to 600 000. */
  readonly redialMinMs: number
  /** Upper bound of that wait. 10 to 3 600 000. */
  readonly redialMaxMs: number
  /** How long one dial may take. 50 to 60 000. */
  readonly dialTimeoutMs: number
  /** Dials at the same time. 1 to 256. */
  readonly dialsMaxParallel: number
  /** How long a lost peer, or an address nobody proposes any more, is dialled. 0 to 30 days. */
  readonly rememberForMs: number
  /** How long a member that is down or left stays in the list. 0 to 24 hours. */
  readonly keepEndedForMs: number
  /** How long the set of live members must stay the same for `ready`. 0 to 60 000. */
  readonly stableMarginMs: number
  /** How long `leave` waits for the peers to take note. 0 to 60 000. */
  readonly leaveTimeoutMs: number
  /** Members in the table, those down or left included (purged oldest first); more are refused. 2 to 4 096. */
  readonly membersMax: number
  /** Things to dial; beyond it the one proposed longest ago is dropped. 16 to 65 536. */
  readonly targetsMax: number
}

const hourMs = 3_600_000

/** What each option may be. */
export const membershipRules: Rules<MembershipOptions> = {
  tickIntervalMs: integer(250, { min: 10, max: 60_000 }),
  tickLateMs: integer(100, { min: 10, max: 60_000 }),
  suspectAfterMs: integer(2_000, { min: 100, max: 600_000 }),
  downAfterMs: integer(4_000, { min: 200, max: 600_000 }),
  probeTimeoutMs: integer(500, { min: 10, max: 60_000 }),
  indirectProbes: integer(3, { min: 0, max: 16 }),
  redialMinMs: integer(1_000, { min: 10, max: 600_000 }),
  redialMaxMs: integer(30_000, { min: 10, max: hourMs }),
  dialTimeoutMs: integer(5_000, { min: 50, max: 60_000 }),
  dialsMaxParallel: integer(8, { min: 1, max: 256 }),
  rememberForMs: integer(24 * hourMs, { min: 0, max: 720 * hourMs }),
  keepEndedForMs: integer(600_000, { min: 0, max: 24 * hourMs }),
  stableMarginMs: integer(500, { min: 0, max: 60_000 }),
  leaveTimeoutMs: integer(500, { min: 0, max: 60_000 }),
  membersMax: integer(1_024, { min: 2, max: 4_096 }),
  targetsMax: integer(4_096, { min: 16, max: 65_536 }),
}

/** The `lan` preset. */
export const membershipDefaults: MembershipOptions = defaultsOf(membershipRules)

/** Differences from the default. `local`: one machine; `wan`: links of 100 ms and more. */
export const membershipPresets: Readonly<
  Record<'local' | 'lan' | 'wan', Partial<MembershipOptions>>
> = {
  local: {
    tickIntervalMs: 100,
    suspectAfterMs: 1_500,
    downAfterMs: 3_000,
    redialMinMs: 250,
    redialMaxMs: 5_000,
    dialTimeoutMs: 2_000,
    stableMarginMs: 250,
  },
  lan: {},
  wan: {
    tickIntervalMs: 500,
    suspectAfterMs: 5_000,
    downAfterMs: 15_000,
    probeTimeoutMs: 3_000,
    dialTimeoutMs: 10_000,
    stableMarginMs: 2_000,
  },
}
