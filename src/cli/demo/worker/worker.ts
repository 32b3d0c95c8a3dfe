/** One of the demo's processes: a node by `cluster: true` that does what the director asks. */
import process from 'node:process'
import { toError } from '../../../kernel/index.ts'
import { startNode, type FoundationNode } from '../../../node/index.ts'
import type { StartOptions } from '../../../setup/index.ts'
import { nats } from '../../../transport/nats/index.ts'
import { deedsOf, type Deeds } from './deeds.ts'
import { natsVariable, type OrderMessage, type WorkerMessage } from '../stage/orders.ts'
import { Counter, Job } from './services.ts'

const channels = ['control', 'events', 'telemetry', 'bulk'] as const

function tell(message: WorkerMessage): void {
  process.send?.(message)
}

/** The one difference between the engines. */
function engineOptions(): StartOptions {
  const servers = process.env[natsVariable]
  return servers === undefined ? { cluster: true } : { transport: nats({ servers }) }
}

async function main(): Promise<void> {
  // App and name come by the environment.
  const node = await startNode({ ...engineOptions(), services: { Job, Counter } })
  const received: Record<string, number> = {}
  for (const channel of channels) {
    received[channel] = 0
    node.channel(channel).subscribe(() => {
      received[channel] = (received[channel] ?? 0) + 1
    })
  }
  node.rpc.handle('demo.echo', (value) => value)
  reportNews(node)
  const deeds = deedsOf(node, received)
  process.on('message', (message: OrderMessage) => {
    void obey(message, deeds)
  })
  process.on('disconnect', () => {
    void node.stop() // The director died: do not outlive it.
  })
  tell({ type: 'up', name: node.name, addresses: node.self.addresses })
}

function reportNews(node: FoundationNode): void {
  for (const event of ['member-up', 'member-suspect', 'member-down', 'member-left'] as const) {
    node.on(event, ({ member, cause }) => {
      tell({ type: 'event', event, member: member.name, ...(cause ? { cause } : {}) })
    })
  }
  node.on('trouble', ({ error }) => {
    tell({ type: 'trouble', code: error.code, message: error.message })
  })
}

async function obey({ id, order, ask }: OrderMessage, deeds: Deeds): Promise<void> {
  try {
    const deed = deeds[order] as (ask: unknown) => Promise<unknown>
    tell({ type: 'answer', id, answer: await deed(ask) })
    if (order === 'stop') process.disconnect()
  } catch (thrown) {
    tell({ type: 'failed', id, message: toError(thrown).message })
  }
}

await main()
