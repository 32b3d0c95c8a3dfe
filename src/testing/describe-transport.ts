/** The contract suite of the transport port: every engine must pass it, also those of users. */
import { describe } from 'node:test'
import { delivering } from './transport-contract/delivering.ts'
import { ending } from './transport-contract/ending.ts'
import { linking } from './transport-contract/linking.ts'
import { refusing } from './transport-contract/refusing.ts'
import { tell, type TransportArena } from './transport-contract/witness.ts'

export type { TransportArena } from './transport-contract/witness.ts'

/**
 * Registers the suite with node:test. It assumes real time: it waits for conditions with deadlines.
 *
 * @param name   of the engine, for the titles of the tests.
 * @param setup  called once for each test; the transports of one arena can reach each other and,
 *   where the engine has secrets, share one.
 */
export function describeTransport(
  name: string,
  setup: () => TransportArena | Promise<TransportArena>,
): void {
  describe(`transport contract: ${name}`, () => {
    for (const stories of [linking, refusing, delivering, ending]) tell(stories, setup)
  })
}
