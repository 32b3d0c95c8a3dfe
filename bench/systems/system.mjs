/**
 * The interface every measured system is adapted to, one file a system, so that all of them run
 * the same workloads in the same kind of processes.
 *
 * A topic's first word names the kind of traffic: `events.*` small objects, `control.*` pings,
 * `bulk.*` raw bytes. Objects travel as msgpack (each system's own default where it has one).
 *
 * @typedef {object} Place where this process is and who the others are
 * @property {string} name
 * @property {string} host
 * @property {number} port free a moment ago; for systems that listen
 * @property {ReadonlyArray<{ name: string, host: string, port: number }>} roster every process
 * @property {string} app
 * @property {string} secret
 * @property {string} [server] URL of the broker
 * @property {Record<string, unknown>} [settings] of the one system; see its file
 *
 * @typedef {object} Endpoint one process's end of the system
 * @property {(topic: string, listener: (body: any) => void) => Promise<void>} subscribe
 * @property {(peers: readonly string[], topics: readonly string[]) => Promise<void>} reach
 *   connects to those processes; resolves when messages on the topics will arrive at all of them
 * @property {(peers: readonly string[], topics: readonly string[]) => Promise<void>} [awaitReached]
 *   the same without connecting, where messages also flow back
 * @property {(topic: string, body: any) => Promise<unknown> | undefined} publish
 *   what it returns is the system's own backpressure: wait for it before going on
 * @property {(topic: string, body: object, count: number) => Promise<void>} publishMany
 *   the body `count` times under the system's natural backpressure; counts up `body.sequence`
 * @property {() => Promise<void>} close
 * @property {(listener: (news: { type: 'up' | 'down' | 'suspect', name: string }) => void) => void} [watch]
 * @property {() => string[]} [members] names of the other processes that are up
 *
 * Systems with calls also have `serve(handler)`, which answers every call of this process, and
 * `request(peer, body)`.
 *
 * An adapter exports `open(place: Place): Promise<Endpoint>`.
 */

/** The systems by file name, in the order of the tables. */
export const systems = {
  foundation: { title: 'Foundation', encrypted: true },
  'foundation-nats': { title: 'Foundation on NATS', encrypted: false },
  'bare-tls': { title: 'bare TLS socket + msgpack', encrypted: true },
  nats: { title: 'NATS core', encrypted: false },
  redis: { title: 'Redis pub/sub', encrypted: false },
  moleculer: { title: 'Moleculer TCP', encrypted: false },
}

/** True for topics whose bodies are raw bytes. */
export function carriesBytes(topic) {
  return topic.startsWith('bulk.')
}

/** Publishes one by one and waits whenever the system asks for it. */
export async function publishEach(endpoint, topic, { body, count }) {
  for (let sent = 0; sent < count; sent += 1) {
    body.sequence += 1
    const wait = endpoint.publish(topic, body)
    if (wait) await wait
  }
}

/**
 * Bounds what a publisher has unanswered, for systems that answer each message but never ask to
 * wait: two halves, and the publisher waits for the older one when both are full.
 */
export class Window {
  #halfMax
  #halfMaxBytes
  #half = []
  #halfBytes = 0
  #older = Promise.resolve()

  /** @param {{ messages: number, bytes: number }} bound of both halves together */
  constructor({ messages, bytes }) {
    this.#halfMax = messages / 2
    this.#halfMaxBytes = bytes / 2
  }

  /** @returns {Promise<unknown> | undefined} something to wait for before the next message */
  add(answer, bytes) {
    this.#half.push(answer)
    this.#halfBytes += bytes
    if (this.#half.length < this.#halfMax && this.#halfBytes < this.#halfMaxBytes) return undefined
    const older = this.#older
    this.#older = Promise.all(this.#half)
    this.#half = []
    this.#halfBytes = 0
    return older
  }
}
