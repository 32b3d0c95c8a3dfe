/** What the tests of the mesh share: nodes that write down their news, and waiting with a deadline. */
import assert from 'node:assert/strict'
import { Keyring, diagnosticsTelemetry, silentLog, systemHost } from '../../kernel/index.ts'
import type {
  Admission,
  ChannelClass,
  Inbound,
  LinkDownReason,
  LinkInfo,
  NodeIdentity,
  TransportHandlers,
} from '../port.ts'
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

  constructor(name: string, options: Partial<MeshOptions> = {}) {
    this.self = identity(name)
    const deps = { host: systemHost, log: silentLog, telemetry: diagnosticsTelemetry }
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

  #handlers(): TransportHandlers {
    return {
      admit: (peer) => this.admit(peer),
      linkUp: (link) => {
        this.ups.push(link)
        this.news.push(`up ${link.peer.name}`)
      },
      linkDown: (link, reason) => {
        this.downs.push({ peer: link.peer.name, epoch: link.epoch, reason })
        this.news.push(`down ${link.peer.name} ${reason}`)
      },
      frame: (inbound) => {
        if (this.onFrame) this.onFrame(inbound)
        else this.frames.push(inbound)
      },
      classDegraded: (peer, channelClass) => this.news.push(`degraded ${peer} ${channelClass}`),
      classRestored: (peer, channelClass) => this.news.push(`restored ${peer} ${channelClass}`),
      gap: (peer, channelClass, count) => {
        this.gaps.push({ channelClass, count })
        this.news.push(`gap ${peer} ${channelClass} ${String(count)}`)
      },
      refused: ({ reason }) => this.news.push(`refused ${reason}`),
    }
  }
}

/** Starts nodes, runs the test, stops them all whatever happened. */
export async function withNodes(
  nodes: readonly TestNode[],
  run: (...nodes: TestNode[]) => Promise<void>,
): Promise<void> {
  try {
    for (const node of nodes) await node.start()
    await run(...nodes)
  } finally {
    await Promise.all(nodes.map((node) => node.mesh.stop(200)))
  }
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
