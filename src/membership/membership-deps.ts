/** What membership is given. Types only. */
import type { Host, Log, Telemetry } from '../kernel/index.ts'
import type { NodeIdentity, Router, Transport } from '../transport/index.ts'
import type { MembershipEvent } from './members/member.ts'

/** What membership talks to. */
export interface MembershipDeps {
  readonly transport: Transport
  readonly router: Router
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  /** This node. Read at each use, so its addresses may be filled in once the engine listens. */
  readonly self: NodeIdentity
  readonly news: (event: MembershipEvent) => void
}
