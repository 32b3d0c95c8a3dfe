/** What the tests of the mesh share: nodes that write down their news, and waiting with a deadline. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Keyring, diagnosticsTelemetry, silentLog, systemHost } from '../../kernel/index.ts'
import type {
  Admission,
  ChannelClass,
  ClassStats,
  Inbound,
  LinkDownReason,
  LinkInfo,
  NodeIdentity,
  TransportDeps,
  TransportHandlers,
} from '../port/port.ts'
import type { Credentials } from './credentials.ts'
import { meshDefaults, type MeshOptions } from './mesh-options.ts'
import { MeshTransport } from './mesh.ts'

const secret = 'a long enough secret for the tests'

export const credentials: Credentials = {
  kind: 'psk',
  keyring: new Keyring([secret]),
  cluster: 'test',
}

let incarnations = 0

export function identity(name: string): NodeIdentity {
  incarnations += 1
  const incarnation = `${String(incarnations).padStart(8, '0')}-${name}`
  return { name, incarnation, cluster: 'test', addresses: [], roles: [], meta: {} }
}

/** A running mesh node and all it was told. */
export class TestNode {
  readonly self: NodeIdentity
  readonly mesh: MeshTransport
  readonly ups: LinkInfo[] = []
  readonly downs: { peer: string; epoch: number; reason: LinkDownReason }[] = []
  readonly news: string[] = []
  readonly gaps: { channelClass: ChannelClass; count: number }[] = []
  frames: Inbound[] = []
  /** Called instead of keeping the frame. */
  onFrame: ((inbound: Inbound) => void) | undefined
  admit: (peer: NodeIdentity) => Admission | Promise<Admission> = () => 'admit'
  address = ''

  /** Called with every line of news, after it was noted. */
  onNews: ((line: string) => void) | undefined

  constructor(
    name: string,
    options: Partial<MeshOptions> = {},
    given: Partial<TransportDeps> = {},
  ) {
    this.self = identity(name)
    const telemetry = diagnosticsTelemetry(name)
    const deps = { host: systemHost, log: silentLog, telemetry, ...given }
    this.mesh = new MeshTransport(deps, credentials, {
      ...meshDefaults,
      listen: { host: '127.0.0.1' },
      ...options,
    })
  }

  async start(): Promise<this> {
    const [address = ''] = await this.mesh.start(this.self, this.#handlers())
    this.address = address
    return this
  }

  #tell(line: string): void {
    this.news.push(line)
    this.onNews?.(line)
  }

  #handlers(): TransportHandlers {
    return {
      admit: (peer) => this.admit(peer),
      linkUp: (link) => {
        this.ups.push(link)
        this.#tell(`up ${link.peer.name}`)
      },
      linkDown: (link, reason) => {
        this.downs.push({ peer: link.peer.name, epoch: link.epoch, reason })
        this.#tell(`down ${link.peer.name} ${reason}`)
      },
      frame: (inbound) => {
        if (this.onFrame) this.onFrame(inbound)
        else this.frames.push(inbound)
      },
      classDegraded: (peer, channelClass) => {
        this.#tell(`degraded ${peer} ${channelClass}`)
      },
      classRestored: (peer, channelClass) => {
        this.#tell(`restored ${peer} ${channelClass}`)
      },
      gap: (peer, channelClass, count) => {
        this.gaps.push({ channelClass, count })
        this.#tell(`gap ${peer} ${channelClass} ${String(count)}`)
      },
      refused: ({ reason }) => {
        this.#tell(`refused ${reason}`)
      },
    }
  }
}

/** Two started nodes, "a" and "b"; stopped whatever happens. */
export async function withTwo(
  run: (a: TestNode, b: TestNode) => Promise<void>,
  options: Partial<MeshOptions> = {},
): Promise<void> {
  const [a, b] = [new TestNode('a', options), new TestNode('b', options)]
  try {
    await Promise.all([a.start(), b.start()])
    await run(a, b)
  } finally {
    await Promise.all([a.mesh.stop(200), b.mesh.stop(200)])
  }
}

/** As {@link withTwo}, and "a" has dialled "b". */
export function withLink(
  run: (a: TestNode, b: TestNode) => Promise<void>,
  options: Partial<MeshOptions> = {},
): Promise<void> {
  return withTwo(async (a, b) => {
    await a.mesh.dial(b.address)
    await until('both sides are up', () => areLinked(a, b))
    await run(a, b)
  }, options)
}

/** Waits for a condition, checked every few milliseconds. */
export async function until(
  what: string,
  condition: () => boolean,
  timeoutMs = 5_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!condition()) {
    assert.ok(performance.now() < deadlineMs, `still waiting for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** Exactly one live link between two nodes, the same on both sides. */
export function areLinked(a: TestNode, b: TestNode): boolean {
  const [atA, atB] = [a, b].map((node) => node.mesh.stats())
  return (
    atA?.length === 1 &&
    atB?.length === 1 &&
    atA[0]?.peer === b.self.name &&
    atB[0]?.peer === a.self.name &&
    atA[0].epoch === atB[0].epoch
  )
}

/** A TCP connection through {@link Proxy}. */
export interface Pipe {
  readonly client: Socket
  readonly server: Socket
}

/** Between two nodes: each connection, in the order it was opened, can be stalled or cut. */
export class Proxy {
  readonly pipes: Pipe[] = []
  readonly #server: Server
  #target = 0

  constructor() {
    this.#server = createServer((client) => {
      const server = connect(this.#target, '127.0.0.1')
      for (const socket of [client, server]) {
        socket.setNoDelay(true).on('error', () => undefined)
        socket.once('close', () => {
          client.destroy()
          server.destroy()
        })
      }
      client.pipe(server).pipe(client)
      this.pipes.push({ client, server })
    })
  }

  /** Starts to forward to a "host:port"; returns the address to dial instead. */
  async start(target: string): Promise<string> {
    this.#target = Number(target.split(':')[1])
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`
  }

  /** Nothing of what the dialing side sends gets through; the kernel takes what it can hold. */
  stall(index: number): void {
    this.pipe(index).client.unpipe()
    this.pipe(index).client.pause()
  }

  /** The dialing side (`client`) or the accepting one loses the connection, the other is not told. */
  halfOpen(index: number, loser: keyof Pipe = 'client'): void {
    const pipe = this.pipe(index)
    const [lost, kept] =
      loser === 'client' ? [pipe.client, pipe.server] : [pipe.server, pipe.client]
    lost.unpipe(kept).removeAllListeners('close').removeAllListeners('end').destroy()
    kept.unpipe(lost).resume()
  }

  /** Ends a connection for both sides. */
  cut(index: number): void {
    this.pipe(index).client.destroy()
    this.pipe(index).server.destroy()
  }

  pipe(index: number): Pipe {
    const pipe = this.pipes[index]
    assert.ok(pipe, `no connection ${String(index)}`)
    return pipe
  }

  stop(): void {
    this.#server.close()
    for (const { client, server } of this.pipes) {
      client.destroy()
      server.destroy()
    }
  }
}

/** As {@link withLink}, with a proxy between: "a" dialled "b" through it. */
export function withProxy(
  run: (a: TestNode, b: TestNode, proxy: Proxy) => Promise<void>,
  options: Partial<MeshOptions> = {},
): Promise<void> {
  return withTwo(async (a, b) => {
    const proxy = new Proxy()
    try {
      await a.mesh.dial(await proxy.start(b.address))
      await until('both sides are up', () => areLinked(a, b))
      await run(a, b, proxy)
    } finally {
      proxy.stop()
    }
  }, options)
}

/** What `node` sends to and got from its only peer on one class. */
export function classStats(node: TestNode, channelClass: ChannelClass): ClassStats {
  const stats = node.mesh.stats()[0]?.classes[channelClass]
  assert.ok(stats)
  return stats
}
