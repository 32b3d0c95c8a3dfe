/** How much of the machine others took while something was measured. */
import { readFileSync } from 'node:fs'

const fields = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal']

/** Processor ticks of the whole machine so far; undefined where the system does not tell. */
function ticks() {
  try {
    const [line] = readFileSync('/proc/stat', 'utf8').split('\n')
    const values = line.trim().split(/\s+/).slice(1, 9).map(Number)
    return Object.fromEntries(fields.map((field, index) => [field, values[index]]))
  } catch {
    return undefined
  }
}

/**
 * Begins to watch; the returned function tells the share of processor time that the hypervisor
 * gave to other machines since ("steal"), 0 to 1, or undefined where that is not known.
 *
 * @returns {() => number | undefined}
 */
export function watchSteal() {
  const before = ticks()
  return () => {
    const after = ticks()
    if (!before || !after) return undefined
    const total = fields.reduce((sum, field) => sum + after[field] - before[field], 0)
    return total === 0 ? undefined : (after.steal - before.steal) / total
  }
}
