/** SIGTERM and SIGINT leave the cluster in order; only when the user asked for it. */
import process from 'node:process'
import type { Log } from '../kernel/index.ts'
import type { FoundationNode } from './foundation-node.ts'

const signals = ['SIGTERM', 'SIGINT'] as const

/** The first signal stops the node and then ends the process by the same signal; a second one at once. */
export function leaveOnSignals(node: FoundationNode, log: Log): void {
  for (const signal of signals) {
    process.once(signal, () => {
      log.info({ signal }, 'leaving the cluster')
      void node.stop().then(() => process.kill(process.pid, signal))
    })
  }
}
