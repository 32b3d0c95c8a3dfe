/**
 * Socket.IO: servers on several nodes share rooms, broadcasts and requests, with no broker beside
 * them. Needs `socket.io` and `socket.io-adapter`, which comes with it.
 */
import { createHash } from 'node:crypto'
import process from 'node:process'
import {
  ClusterAdapterWithHeartbeat,
  MessageType,
  type Adapter,
  type BroadcastOptions,
  type ClusterMessage,
  type ClusterResponse,
  type Offset,
} from 'socket.io-adapter'
import {
  checkGiven,
  functionCheck,
  invalid,
  isFoundationError,
  stringCheck,
  toError,
  type GivenChecks,
} from '../kernel/index.ts'
import type { FoundationNode } from '../node/index.ts'
import { jsonSafe } from './json-safe.ts'

/** What the adapter uses of a node. */
export type SocketIoNode = Pick<FoundationNode, 'pubsub' | 'registry' | 'on' | 'channel'>

/** What {@link createAdapter} takes. */
export interface SocketIoOptions {
  /** Servers with different keys do not hear each other. Default `socket.io`. */
  readonly key?: string
  /** The channel that carries everything; its queue and overflow apply. Default `events`. */
  readonly channel?: string
  /** Told what could not be sent to the other servers. Default: a warning of the process. */
  readonly onError?: (error: Error) => void
}

const adapterChecks: GivenChecks<SocketIoOptions> = {
  key: stringCheck,
  channel: stringCheck,
  onError: functionCheck,
}

/** What is used of a namespace of Socket.IO. */
interface Namespace {
  readonly name: string
  readonly server: { readonly opts: { readonly connectionStateRecovery?: unknown } }
}

/** What travels: to one adapter, or to all of the namespace. */
interface Envelope {
  readonly to?: string
  readonly body: ClusterMessage | ClusterResponse
}

type Send = (envelope: Envelope) => Promise<unknown>

/** As long as a timer can be: who is there is known from membership, so there is nothing to beat for. */
const never = { heartbeatInterval: 2 ** 31 - 1, heartbeatTimeout: Infinity }

/**
 * The adapter for `new Server({ adapter })` and `io.adapter(...)`.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID` for a channel that is not set up; from Socket.IO's side
 *   with `connectionStateRecovery`, which needs a store.
 * @example
 *   const node = await startNode({ app: 'shop', cluster: true })
 *   const io = new Server(httpServer, { adapter: createAdapter(node) })
 */
export function createAdapter(
  node: SocketIoNode,
  options: SocketIoOptions = {},
): (namespace: unknown) => Adapter {
  checkGiven(adapterChecks, options, 'createAdapter')
  if (options.channel !== undefined) node.channel(options.channel)
  // Socket.IO calls it with `new`: no arrow function.
  return function adapterOf(namespace) {
    const { server } = namespace as Namespace
    if (server.opts.connectionStateRecovery) {
      const problem =
        'needs packets kept in a store, which this adapter does not have; leave it out'
      throw invalid('connectionStateRecovery', problem, true)
    }
    return new FoundationAdapter(namespace as Namespace, node, options)
  }
}

/** One a namespace and server. */
class FoundationAdapter extends ClusterAdapterWithHeartbeat {
  readonly #namespace: string
  readonly #node: SocketIoNode
  readonly #onError: (error: Error) => void
  readonly #topic: string
  readonly #group: string
  /** The other adapters of this namespace by id, with the node each is on. */
  readonly #servers = new Map<string, string>()
  /** How to undo what `init` did, last first. */
  readonly #undo: (() => unknown)[] = []
  #publish: Send = () => Promise.resolve()

  constructor(namespace: Namespace, node: SocketIoNode, options: SocketIoOptions) {
    super(namespace, never)
    const { key = 'socket.io', channel = 'events', onError = warn } = options
    // Namespaces may be named by clients, and anything at all.
    const place = createHash('sha256').update(`${key}\n${namespace.name}`).digest('base64url')
    this.#namespace = namespace.name
    this.#node = node
    this.#onError = onError
    this.#topic = `${channel}.socket-io.${place}`
    this.#group = `socket-io.${place}`
  }

  override init(): void {
    const { pubsub, registry } = this.#node
    const bus = pubsub.subscribe(this.#topic, (message: unknown, { from }) => {
      this.#hear(message as Envelope, from)
    })
    this.#publish = (envelope) => pubsub.broadcastFrom(bus, this.#topic, envelope)
    const lost = ({ member }: { member: { name: string } }): void => {
      this.#forget((node) => node === member.name)
    }
    this.#undo.push(() => {
      bus.unsubscribe()
    })
    this.#undo.push(this.#node.on('member-down', lost), this.#node.on('member-left', lost))
    // Others wait for the answers of those in the group: it can be reached before it is in it.
    void bus.ready.then(() => {
      if (this.#undo.length === 0) return
      const membership = registry.join(this.#group, undefined, { meta: { uid: this.uid } })
      this.#undo.push(() => membership.leave())
    })
  }

  override close(): void {
    super.close()
    for (const undo of this.#undo.splice(0).reverse()) undo()
  }

  override serverCount(): Promise<number> {
    this.#look()
    return super.serverCount()
  }

  override serverSideEmit(packet: unknown[]): Promise<unknown> {
    this.#look()
    return super.serverSideEmit(packet)
  }

  override async fetchSockets(options: BroadcastOptions): Promise<unknown[]> {
    this.#look()
    return super.fetchSockets(options)
  }

  /** Resolves at once: Socket.IO delivers to its own clients only then. */
  protected override doPublish(message: ClusterMessage): Promise<Offset> {
    this.#send(this.#publish, { body: message })
    return Promise.resolve('')
  }

  protected override doPublishResponse(to: string, response: ClusterResponse): Promise<void> {
    const node = this.#servers.get(to)
    const answer: Send = (envelope) =>
      this.#node.pubsub.directBroadcast(node ?? '', this.#topic, envelope)
    // Whoever is gone needs no answer.
    if (node !== undefined) this.#send(answer, { to, body: response })
    return Promise.resolve()
  }

  #send(send: Send, envelope: Envelope): void {
    const failed = (thrown: unknown): void => {
      if (!isOver(thrown)) this.#onError(toError(thrown))
    }
    void send(jsonSafe(envelope) as Envelope).catch(failed)
  }

  #hear({ to, body }: Envelope, from: string): void {
    if (to === this.uid) this.onResponse(body as ClusterResponse)
    if (to !== undefined || body.uid === this.uid) return
    if (body.type === MessageType.ADAPTER_CLOSE) {
      this.#forget((_, uid) => uid === body.uid)
      return
    }
    this.#servers.set(body.uid, from)
    this.onMessage(body as ClusterMessage)
  }

  /** Makes the servers Socket.IO counts those that are in the group. */
  #look(): void {
    const members = this.#node.registry.members(this.#group)
    const present = new Map(members.map(({ meta, node }) => [(meta as { uid: string }).uid, node]))
    present.delete(this.uid)
    this.#forget((_, uid) => !present.has(uid))
    for (const [uid, node] of present) {
      this.#servers.set(uid, node)
      this.onMessage({ type: MessageType.HEARTBEAT, uid, nsp: this.#namespace })
    }
  }

  /** Nobody waits for these any more: requests that miss only their answers are complete. */
  #forget(isGone: (node: string, uid: string) => boolean): void {
    for (const [uid, node] of this.#servers) {
      if (!isGone(node, uid)) continue
      this.#servers.delete(uid)
      this.onMessage({ type: MessageType.ADAPTER_CLOSE, uid, nsp: this.#namespace })
    }
  }
}

/** The node has stopped, or the one to answer has: the server goes on with its own clients. */
function isOver(thrown: unknown): boolean {
  const codes = ['FND_NOT_RUNNING', 'FND_NODE_DOWN', 'FND_NODE_UNKNOWN']
  return isFoundationError(thrown) && codes.includes(thrown.code)
}

function warn(error: Error): void {
  process.emitWarning(error)
}
