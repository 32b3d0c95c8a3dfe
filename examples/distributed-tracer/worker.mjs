/** A process of an application: asks another one for a price now and then, and can be traced. */
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { startNode } from 'foundation-ts'
import { coordinatorFor } from './coordinator.mjs'
import { record, span } from './recorder.mjs'

const services = { Coordinator: coordinatorFor(() => node) }
const node = await startNode({ app: 'tracer', cluster: true, signals: true, services })

/** The traces this process records, with how to stop each. */
const recordings = new Map()
node.pubsub.subscribe('control.trace', async ({ id, verb }) => {
  const tell = (message) => node.pubsub.broadcast(`telemetry.${id}`, message)
  if (verb === 'start' && !recordings.has(id)) {
    recordings.set(
      id,
      record((slices) => tell({ slices, isLast: false })),
    )
  } else if (verb === 'stop' && recordings.has(id)) {
    const stop = await recordings.get(id)
    recordings.delete(id)
    await stop()
    await tell({ slices: [], isLast: true })
  }
})

function computePrice(article) {
  let price = article
  for (let round = 0; round < 300_000; round++) price = (price * 31 + round) % 9973
  return price
}
node.rpc.handle('price', (article) => span('price', () => computePrice(article)))
console.log(`${node.name} works`)

for (let article = 0; ; article++) {
  await wait(20)
  const [other] = node.members().filter(({ isSelf, roles }) => !isSelf && roles.length === 0)
  // The other one may be gone by now; the next round asks another.
  if (other) await span('order', () => node.rpc.call(other.name, 'price', article).catch(() => 0))
}
