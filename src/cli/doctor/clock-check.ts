/** Clocks: stamps of messages, events and settings are compared between machines. */
import { spanOf } from '../core/table.ts'
import type { Check, Finding } from './check.ts'

const warnMs = 2_000
const failMs = 60_000

/** Compares every node's clock with that of this machine. */
export const clockCheck: Check = {
  name: 'clock',
  run({ observation }) {
    const clocks = observation?.clocks ?? []
    if (clocks.length === 0) return []
    const off = clocks.filter(({ aheadMs, errorMs }) => Math.abs(aheadMs) - errorMs > warnMs)
    if (off.length > 0) return off.map(findingOf)
    return [{ level: 'ok', text: `within ${spanOf(warnMs)} of each other` }]
  },
}

function findingOf({ node, aheadMs }: { node: string; aheadMs: number }): Finding {
  return {
    level: Math.abs(aheadMs) > failMs ? 'fail' : 'warn',
    text: `the clock of ${node} is ${spanOf(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} this one`,
    advice: 'run NTP (chrony, systemd-timesyncd) on both machines',
  }
}
