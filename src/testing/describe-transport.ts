/** The contract suite of the transport port: every engine must pass it, also those of users. */
import { describe } from 'node:test'
import { silentLog, silentTelemetry, systemHost } from '../kernel/index.ts'
import type { TransportEngine } from '../transport/index.ts'
import { delivering } from './transport-contract/delivering.ts'
import { ending } from './transport-contract/ending.ts'
import { linking } from './transport-contract/linking.ts'
import { refusing } from './transport-contract/refusing.ts'
import { tell, type TransportArena } from './transport-contract/witness.ts'

export type { TransportArena } from './transport-contract/witness.ts'

/**
 * Registers the suite with node:test. It assumes real time: it waits for conditions with deadlines.
 *
 * @param engine its transports can reach each other. Stories that break a connection are skipped; an
 *   arena that has `reset` can tell them too.
 */
export function describeTransport(engine: TransportEngine): void
/**
 * As above, in an arena of your own, which may break connections too.
 *
 * @param name   of the engine, for the titles of the tests.
 * @param setup  called once for each test; the transports of one arena can reach each other and,
 *   where the engine has secrets, share one.
 */
export function describeTransport(
  name: string,
  setup: () => TransportArena | Promise<TransportArena>,
): void
export function describeTransport(
  given: TransportEngine | string,
  setup: () => TransportArena | Promise<TransportArena> = () => arenaOf(given as TransportEngine),
): void {
  const name = typeof given === 'string' ? given : given.kind
  describe(`transport contract: ${name}`, () => {
    for (const stories of [linking, refusing, delivering, ending]) tell(stories, setup)
  })
}

function arenaOf(engine: TransportEngine): TransportArena {
  const deps = { host: systemHost, log: silentLog, telemetry: silentTelemetry }
  return { create: () => engine.create(deps), stop: () => Promise.resolve() }
}
