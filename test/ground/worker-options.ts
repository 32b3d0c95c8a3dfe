/** The engine under test, as a process of a test finds it in its environment. */
import type { StartOptions } from '../../src/index.ts'
import { nats } from '../../src/transport/nats/index.ts'

/** Options of a node in such a process. */
export function optionsIn(env: Readonly<Record<string, string | undefined>>): StartOptions {
  const { TEST_SERVERS: servers } = env
  return servers === undefined ? {} : { transport: nats({ servers }) }
}
