/** What a worker does with the settings of its cluster. */
import { monotonicMs } from '../harness/clock.mjs'

const seen = new Map()

/** Commits one after the other, each to a path of its own kind; gives how long each took. */
export async function commitOneByOne({ node }, { count, path }) {
  const latenciesMs = []
  for (let at = 0; at < count; at += 1) {
    const startedAtMs = monotonicMs()
    await node.config.commit(path, at)
    latenciesMs.push(monotonicMs() - startedAtMs)
  }
  return { latenciesMs }
}

/** Commits on several paths at once, for a time; gives how many went through. */
export async function commitFor({ node }, { forMs, paths }) {
  const startedAtMs = monotonicMs()
  const endAtMs = startedAtMs + forMs
  const lane = async (index) => {
    let done = 0
    while (monotonicMs() < endAtMs) {
      await node.config.commit(`lane.${index}`, done)
      done += 1
    }
    return done
  }
  const done = await Promise.all(Array.from({ length: paths }, (_, index) => lane(index)))
  const tookMs = monotonicMs() - startedAtMs
  return { perSecond: done.reduce((sum, one) => sum + one, 0) / (tookMs / 1000) }
}

/** Calls of a handler that does nothing, one after the other: the round trip of the control class. */
export async function callOneByOne({ node }, { peer, count }) {
  const latenciesMs = []
  for (let at = 0; at < count; at += 1) {
    const startedAtMs = monotonicMs()
    await node.rpc.call(peer, 'bench.nothing')
    latenciesMs.push(monotonicMs() - startedAtMs)
  }
  return { latenciesMs }
}

/**
 * The two above in turns, `blocks` times `commits` and `trips` of them. Nobody asks for each block:
 * the message of another process would be in the way of the first commit after it.
 */
export async function commitsAndCalls(endpoint, { path, peer, blocks, commits, trips }) {
  const commitsMs = []
  const tripsMs = []
  for (let block = 0; block < blocks; block += 1) {
    const made = await commitOneByOne(endpoint, { count: commits, path })
    commitsMs.push(...made.latenciesMs)
    const called = await callOneByOne(endpoint, { count: trips, peer })
    tripsMs.push(...called.latenciesMs)
  }
  return { commitsMs, tripsMs }
}

/** Prepares for {@link callOneByOne} and {@link setOneByOne}. */
export function serveSettings({ node }) {
  node.rpc.handle('bench.nothing', () => undefined)
  node.config.subscribe('visible', ({ value }) => seen.set(value, monotonicMs()))
  return Promise.resolve()
}

/** Sets a value every few milliseconds; gives when each was set. The clock is that of the machine. */
export async function setOneByOne({ node }, { count }) {
  const setAtMs = []
  for (let at = 0; at < count; at += 1) {
    setAtMs.push(monotonicMs())
    await node.config.set('visible', at)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return { setAtMs }
}

/** When each value of {@link setOneByOne} was seen here. */
export function seenValues() {
  return Promise.resolve({ seen: [...seen] })
}
