import { after, before, describe } from 'node:test'
import { diagnosticsTelemetry, silentLog, systemHost } from '../../src/kernel/index.ts'
import { describeTransport } from '../../src/testing/index.ts'
import { nats } from '../../src/transport/nats/index.ts'
import { hasNatsServer, natsMissing, startBroker, type Broker } from './broker.ts'

const deps = { host: systemHost, log: silentLog, telemetry: diagnosticsTelemetry('test') }
const secret = 'a secret that is long enough for a test'

describe('over a real broker', { skip: hasNatsServer ? false : natsMissing }, () => {
  let broker: Broker | undefined
  before(async () => {
    broker = await startBroker()
  })
  after(() => broker?.stop())

  for (const sealed of [false, true]) {
    describeTransport(sealed ? 'nats, sealed' : 'nats', () => ({
      create: () => nats({ servers: broker?.url ?? '', sealed, secret }).create(deps),
      stop: () => Promise.resolve(),
    }))
  }
})
