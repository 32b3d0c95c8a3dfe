/** What a worker does with children and calls: start, count, move, call with so many in flight. */
import { monotonicMs, waitFor } from '../harness/clock.mjs'

/** When each child was born in this process, by id. */
const born = new Map()

/** A child with some state, that tells when it was born. */
class Counter {
  static version = 1
  #state = { value: 0, ballast: Buffer.alloc(0) }

  constructor({ id, args }) {
    born.set(id, monotonicMs())
    this.#state.ballast = Buffer.alloc(args?.stateBytes ?? 0, 7)
  }
  start(state) {
    if (state) this.#state = state
  }
  handoff() {
    return this.#state
  }
  increment(by) {
    return (this.#state.value += by)
  }
}

/** What a node of Foundation may start. */
export const services = { Counter }

/** Starts children and waits until each runs. */
export async function startChildren({ node }, { prefix, count, stateBytes }) {
  const ids = Array.from({ length: count }, (_, at) => `${prefix}:${at}`)
  const args = { stateBytes }
  await Promise.all(ids.map((id) => node.supervisor.startChild({ id, service: 'Counter', args })))
  return { ids, byNode: node.supervisor.count().byNode }
}

/** Waits until so many children run, none of them on `without`. */
export async function awaitChildren({ node }, { count, without, timeoutMs }) {
  const isDone = () => {
    const running = node.supervisor.which({ state: 'running' })
    return running.length === count && running.every((child) => child.node !== without)
  }
  await waitFor(isDone, { timeoutMs, what: `${count} children run` })
}

/** Ids and moments of children born here. */
export function births() {
  return Promise.resolve(Object.fromEntries(born))
}

/** Moves children to a node, one after the other; milliseconds of each. */
export async function moveChildren({ node }, { ids, to }) {
  const tookMs = []
  for (const id of ids) {
    const beganMs = monotonicMs()
    await node.supervisor.move(id, to)
    tookMs.push(monotonicMs() - beganMs)
  }
  return tookMs
}

/** Answers calls with their body. */
export function serveCalls(endpoint) {
  return endpoint.serve((body) => body)
}

/** Calls a peer for a time with so many calls in flight. */
export async function callFor(endpoint, { peer, inFlight, forMs }) {
  const body = { id: 104_233, name: 'order', total: 149.95, paid: true }
  const latenciesMs = []
  const startedMs = monotonicMs()
  const endMs = startedMs + forMs
  const loop = async () => {
    for (let nowMs = monotonicMs(); nowMs < endMs;) {
      await endpoint.request(peer, body)
      const thenMs = monotonicMs()
      latenciesMs.push(thenMs - nowMs)
      nowMs = thenMs
    }
  }
  await Promise.all(Array.from({ length: inFlight }, loop))
  return {
    latenciesMs: thinned(latenciesMs),
    count: latenciesMs.length,
    tookMs: monotonicMs() - startedMs,
  }
}

const samplesMax = 50_000

/** Every n-th, so that what is sent back stays small. */
function thinned(samples) {
  const step = Math.ceil(samples.length / samplesMax)
  return samples.filter((_, at) => at % step === 0)
}
