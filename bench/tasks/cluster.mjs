/** What a worker tells of the cluster and of itself: members, news, memory, processor time. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { monotonicMs, waitFor } from '../harness/clock.mjs'

/** Reports every change of the members, with the time it was seen. */
export function watch(endpoint, args, report) {
  endpoint.watch((news) => report({ ...news, atMs: monotonicMs() }))
  return Promise.resolve()
}

/** Waits until so many other processes are up; resolves with the moment. */
export async function awaitMembers(endpoint, { count, timeoutMs }) {
  const what = `${count} other members`
  await waitFor(() => endpoint.members().length >= count, { timeoutMs, what })
  return { atMs: monotonicMs() }
}

/** Resident memory, used heap, and processor time so far. */
export function vitals() {
  const { heapUsed, external } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  const cpuMs = (user + system) / 1000
  return Promise.resolve({ rssBytes: residentBytes(), heapUsed, external, cpuMs })
}

/** Burns processor time until told to end. */
export function hog() {
  const burn = () => {
    const untilMs = monotonicMs() + 50
    while (monotonicMs() < untilMs);
    setImmediate(burn)
  }
  burn()
  return Promise.resolve()
}

function residentBytes() {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    return Number(kib) * 1024
  } catch {
    return process.memoryUsage.rss()
  }
}
