/** What a worker does with names: registers many, waits for them, looks them up. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import { setImmediate as turn } from 'node:timers/promises'
import { monotonicMs, waitFor } from '../harness/clock.mjs'

const nameOf = (prefix, index) => `${prefix}:${index}`

let stalls
/** Registrations of {@link registerMany}, oldest first. */
let held = []
let churn

/** Registers `count` names, `concurrency` at a time. */
export async function registerMany({ node }, { prefix, count, concurrency }) {
  const beganAtMs = monotonicMs()
  let next = 0
  const one = async () => {
    while (next < count) {
      const index = next
      next += 1
      const options = { timeoutMs: 60_000 }
      held.push(await node.registry.register(nameOf(prefix, index), undefined, options))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, one))
  return { beganAtMs, endedAtMs: monotonicMs() }
}

/** Waits until so many names are known here. */
export async function awaitNames({ node }, { count, timeoutMs }) {
  await waitFor(() => node.registry.count() >= count, { timeoutMs, what: `${count} names` })
  return { atMs: monotonicMs() }
}

/** From now on gives that many names up a second, the oldest first, and registers as many new ones. */
export function beginChurn({ node }, { perSecond }) {
  const beganAtMs = monotonicMs()
  const running = { done: 0, open: new Set(), at: 0, timer: undefined }
  const one = () => {
    void held[running.at]?.unregister()
    running.at += 1
    const work = node.registry
      .register(nameOf(`${node.name}:new`, running.at), undefined, { timeoutMs: 60_000 })
      .then((registration) => held.push(registration))
      .finally(() => running.open.delete(work))
    running.open.add(work)
    running.done += 2
  }
  running.timer = setInterval(() => {
    const due = ((monotonicMs() - beganAtMs) / 1_000) * perSecond
    while (running.at < due) one()
  }, 5)
  churn = running
  return Promise.resolve()
}

/** @returns how many changes there were; all are decided. */
export async function endChurn() {
  clearInterval(churn.timer)
  await Promise.all(churn.open)
  return churn.done
}

/** A sum over all names, owners and epochs known here: the same for the same ones in any order. */
export function sumOfNames({ node }) {
  let [count, sum] = [0, 0]
  for (const { name, node: owner, epoch } of node.registry.select()) {
    let hash = 0x811c9dc5
    for (const byte of Buffer.from(`${name} ${owner} ${epoch}`)) {
      hash = Math.imul(hash ^ byte, 0x01000193)
    }
    sum = (sum + (hash >>> 0)) >>> 0
    count += 1
  }
  return Promise.resolve(`${count} ${sum}`)
}

/** Registers names one by one; gives the moment each promise resolved. */
export async function registerSlowly({ node }, { prefix, count }) {
  const atMs = []
  for (let index = 0; index < count; index += 1) {
    await node.registry.register(nameOf(prefix, index))
    atMs.push(monotonicMs())
    for (let turns = 0; turns < 5; turns += 1) await turn()
  }
  return { atMs }
}

/** Gives the moment each of those names was seen here. */
export function watchNames({ node }, { prefix, count }) {
  const atMs = new Array(count).fill(0)
  let seen = 0
  return new Promise((resolve) => {
    const unwatch = node.registry.watch({ prefix: `${prefix}:` }, ({ type, entry }) => {
      if (type !== 'registered') return
      atMs[Number(entry.name.slice(prefix.length + 1))] = monotonicMs()
      seen += 1
      if (seen < count) return
      unwatch()
      resolve({ atMs })
    })
  })
}

/** Looks names up, in turn, for a while; every one must be there. */
export function lookUp({ node }, { prefix, count, forMs }) {
  const names = Array.from({ length: count }, (_, index) => nameOf(prefix, index))
  const beganAtMs = monotonicMs()
  let lookups = 0
  let misses = 0
  while (monotonicMs() < beganAtMs + forMs) {
    for (const name of names) if (!node.registry.lookup(name)) misses += 1
    lookups += names.length
  }
  const perSecond = lookups / ((monotonicMs() - beganAtMs) / 1_000)
  return Promise.resolve({ perSecond, misses })
}

/** From now on the longest time the event loop was held up is measured. */
export function watchStalls() {
  stalls = monitorEventLoopDelay({ resolution: 1 })
  stalls.enable()
  return Promise.resolve()
}

/** The longest since, and memory once garbage is gone as far as it goes. */
export function readStalls() {
  stalls.disable()
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return Promise.resolve({ longestMs: stalls.max / 1e6, rssBytes: rss, heapUsed })
}
