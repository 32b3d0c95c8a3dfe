/** The engine under test for real processes: `TEST_ENGINE` chooses it here too. */
import { after } from 'node:test'
import { hasNatsServer, natsMissing, startBroker, type Broker } from '../nats/broker.ts'
import { chosenOf, needsOn, type Ground, type Needs } from './network.ts'

/** One engine, ready for processes. */
export interface ProcessGround extends Pick<Ground, 'missing' | 'offers'> {
  /** What the processes of a test find in their environment. */
  environment(): Promise<Readonly<Record<string, string>>>
}

const onMesh: ProcessGround = {
  missing: undefined,
  offers: new Set(['crash seen at once', 'queues by peer', 'addresses to look up']),
  environment: () => Promise.resolve({}),
}

let broker: Promise<Broker> | undefined
after(async () => {
  await (await broker)?.stop()
})

const onBroker: ProcessGround = {
  missing: hasNatsServer ? undefined : natsMissing,
  offers: new Set(),
  environment: async () => {
    broker ??= startBroker()
    return { TEST_SERVERS: (await broker).url }
  },
}

/** The one these tests run on. */
export const processGround: ProcessGround = chosenOf({ mesh: onMesh, nats: onBroker }, 'mesh')

/** See {@link Needs}. */
export const needs: Needs = needsOn(processGround)
