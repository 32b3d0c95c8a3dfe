/** What config is given. Types only. */
import type { Host, Log, Telemetry } from '../kernel/index.ts'
import type { Member } from '../membership/index.ts'
import type { HybridClock, VersionedMap } from '../replication/index.ts'
import type { Router } from '../transport/index.ts'
import type { Life } from './commit/transaction.ts'
import type { OpenConfigFile } from './journal/config-file.ts'
import type { ConfigNews } from './news.ts'

/** What {@link Config} talks to. */
export interface ConfigDeps {
  readonly router: Pick<Router, 'handle' | 'send'>
  readonly host: Host
  readonly log: Log
  readonly telemetry: Telemetry
  readonly clock: HybridClock
  readonly map: Pick<VersionedMap, 'space'>
  readonly self: Life
  /** Members that are in, this node included. */
  readonly members: () => readonly Pick<Member, 'name' | 'incarnation' | 'roles'>[]
  /** Members there is a link to. */
  readonly peers: () => readonly string[]
  readonly payloadMaxBytes: number
  readonly openFile: OpenConfigFile
  readonly news: (news: ConfigNews) => void
}
