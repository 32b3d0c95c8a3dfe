/** The engine for those who outgrow one mesh: the same program over a NATS broker. */
import process from 'node:process'
import { resolveRules } from '../../kernel/index.ts'
import type { TransportEngine } from '../port/port.ts'
import { natsRules, type NatsOptions } from './options.ts'
import { NatsTransport } from './transport.ts'

export type { NatsOptions } from './options.ts'

/**
 * The NATS engine, for the option `transport`. Needs the package `@nats-io/transport-node`.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`
 * @example
 *   await startNode({ app: 'shop', transport: nats({ servers: 'nats://10.0.0.1:4222' }) })
 */
export function nats(given: Partial<NatsOptions> = {}): TransportEngine {
  const options = resolveRules(natsRules, given, 'nats')
  return {
    kind: 'nats',
    create: (deps) => new NatsTransport(deps, options, { env: process.env }),
  }
}
