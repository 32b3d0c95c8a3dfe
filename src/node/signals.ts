/** SIGTERM and SIGINT leave the cluster in order; only when the user asked for it. */
import process from 'node:process'
import type { Log } from '../kernel/index.ts'

/** What leaves. */
export interface Leaver {
  readonly log: Log
  readonly stop: () => Promise<void>
}

const signals = ['SIGTERM', 'SIGINT'] as const
/** Every node of this process that a signal stops: it ends when all have left. */
const leaving = new Set<Promise<void>>()

/**
 * The first signal stops the node and then ends the process by the same signal; a second one at once.
 *
 * @returns takes the listeners back; for a node that is stopped otherwise.
 */
export function leaveOnSignals({ log, stop }: Leaver): () => void {
  const leave = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'leaving the cluster')
    const left = stop()
    leaving.add(left)
    void left.then(() => Promise.all(leaving)).then(() => process.kill(process.pid, signal))
  }
  const forget = (): void => {
    for (const signal of signals) process.off(signal, leave)
  }
  for (const signal of signals) process.once(signal, leave)
  return forget
}
