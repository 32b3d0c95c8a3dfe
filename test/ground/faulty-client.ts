/**
 * The client library of each node of a network, with faults in front of it: what a node sends and
 * hears passes here, and is lost where two nodes are cut off from each other. Nothing else differs
 * from the real client and its real connections.
 */
import { sleep, systemHost } from '../../src/kernel/index.ts'
import type {
  Client,
  ClientLibrary,
  ClientMessage,
  ClientStatus,
  ClientSubscription,
} from '../../src/transport/nats/client.ts'
import { natsKinds, readFrame, type Frame } from '../../src/transport/nats/frames.ts'

type Callback = Parameters<Client['subscribe']>[1]['callback']

/** Where one life of a node is. */
export interface Place {
  readonly name: string
  state: 'alive' | 'dead'
  readonly clients: Set<Client>
}

/** All nodes of one network. */
export class Wires {
  readonly #library: ClientLibrary
  readonly #places = new Set<Place>()
  /** Names of nodes by what they sign their messages with. */
  readonly #names = new Map<string, string>()
  readonly #cuts = new Set<string>()
  #groups: readonly (readonly string[])[] = []
  #delivered = 0

  constructor(library: ClientLibrary) {
    this.#library = library
  }

  /** A node that starts. */
  place(name: string): { readonly place: Place; readonly lib: ClientLibrary } {
    const place: Place = { name, state: 'alive', clients: new Set() }
    this.#places.add(place)
    const connect: ClientLibrary['connect'] = async (options) => {
      if (place.state === 'dead') throw new Error('the node was killed')
      const client = await this.#library.connect(options)
      place.clients.add(client)
      return new FaultyClient(client, place, this)
    }
    return { place, lib: { ...this.#library, connect } }
  }

  partition(groups: readonly (readonly string[])[]): void {
    this.#groups = groups
  }

  cut(a: string, b: string): void {
    this.#cuts.add(`${a} ${b}`).add(`${b} ${a}`)
  }

  heal(): void {
    this.#cuts.clear()
    this.#groups = []
  }

  /** From here on nothing of that node is said or heard. */
  async kill(place: Place): Promise<void> {
    place.state = 'dead'
    this.#places.delete(place)
    await Promise.all([...place.clients].map((client) => client.close().catch(() => undefined)))
  }

  /** Messages that arrived, signs of life excepted. */
  get delivered(): number {
    return this.#delivered
  }

  /** What was said before has arrived: the broker has it, and has handed it on. */
  async flush(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      const clients = [...this.#places].flatMap((place) => [...place.clients])
      await Promise.all(clients.map((client) => client.flush().catch(() => undefined)))
    }
  }

  /** A node says something. */
  says(place: Place, payload: Uint8Array): boolean {
    this.#names.set(readFrame(payload).sender, place.name)
    return place.state === 'alive'
  }

  /** Whether what somebody said arrives at a node. */
  reaches(place: Place, payload: Uint8Array): boolean {
    if (place.state === 'dead') return false
    const frame = readFrame(payload)
    if (!this.#isOpen(frame, place.name)) return false
    if (frame.kind !== natsKinds.pulse) this.#delivered += 1
    return true
  }

  #isOpen({ sender }: Frame, to: string): boolean {
    const from = this.#names.get(sender)
    if (from === undefined) return true
    if (this.#cuts.has(`${from} ${to}`)) return false
    const groupsOf = (name: string) => this.#groups.filter((group) => group.includes(name))
    const [mine, theirs] = [groupsOf(to), groupsOf(from)]
    return mine.length === 0 || theirs.length === 0 || mine.some((group) => theirs.includes(group))
  }
}

class FaultyClient implements Client {
  readonly #client: Client
  readonly #place: Place
  readonly #wires: Wires

  constructor(...[client, place, wires]: [Client, Place, Wires]) {
    this.#client = client
    this.#place = place
    this.#wires = wires
  }

  get info(): Client['info'] {
    return this.#client.info
  }

  publish(subject: string, payload: Uint8Array): void {
    if (this.#wires.says(this.#place, payload)) this.#client.publish(subject, payload)
  }

  async request(...given: Parameters<Client['request']>): Promise<ClientMessage> {
    const [, payload, { timeout }] = given
    this.#wires.says(this.#place, payload)
    const reply = await this.#client.request(...given)
    if (this.#wires.reaches(this.#place, reply.data)) return reply
    await sleep(systemHost, timeout)
    throw Object.assign(new Error('no answer'), { name: 'TimeoutError' })
  }

  subscribe(subject: string, { callback }: { callback: Callback }): ClientSubscription {
    return this.#client.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) callback(error, message)
        else if (this.#wires.reaches(this.#place, message.data)) {
          callback(null, this.#answering(message))
        }
      },
    })
  }

  flush(): Promise<void> {
    return this.#client.flush()
  }

  rtt(): Promise<number> {
    return this.#client.rtt()
  }

  status(): AsyncIterable<ClientStatus> {
    return this.#client.status()
  }

  closed(): Promise<unknown> {
    return this.#client.closed()
  }

  async close(): Promise<void> {
    this.#place.clients.delete(this.#client)
    await this.#client.close()
  }

  #answering(message: ClientMessage): ClientMessage {
    return {
      subject: message.subject,
      data: message.data,
      respond: (payload) => this.#wires.says(this.#place, payload) && message.respond(payload),
    }
  }
}
