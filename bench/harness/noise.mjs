/**
 * How much of the machine others took while something was measured: other machines of its host, and
 * other programs on it.
 */
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import process from 'node:process'
import { monotonicMs } from './clock.mjs'

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

/** Ticks a second of the processor times under /proc: the same on every Linux that Node runs on. */
const ticksPerSecond = 100

/**
 * Begins to watch; the returned function tells how much of the processors' time other programs than
 * the given processes and this one have used since, 0 to 1, or undefined where that is not known.
 * Whoever waits behind them for a processor waits for milliseconds.
 *
 * @param {readonly number[]} pids
 * @returns {() => number | undefined}
 */
export function watchOthers(pids) {
  const watched = [...pids, process.pid]
  const before = { ticks: ticks(), own: ownTicks(watched), atMs: monotonicMs() }
  return () => {
    const after = { ticks: ticks(), own: ownTicks(watched) }
    if (!before.ticks || !after.ticks) return undefined
    const busy = busyTicks(after.ticks) - busyTicks(before.ticks) - (after.own - before.own)
    const seconds = (monotonicMs() - before.atMs) / 1000
    return Math.max(0, busy / (ticksPerSecond * seconds * cpus().length))
  }
}

function busyTicks({ user, nice, system }) {
  return user + nice + system
}

/** Time in the program and in the system of the given processes. */
function ownTicks(pids) {
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0)
}

function ticksOf(pid) {
  try {
    // The name of the program, in brackets, may have spaces in it.
    const [, rest] = /\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    const fields = rest.split(' ')
    return Number(fields[11]) + Number(fields[12])
  } catch {
    return 0
  }
}
