/** A pretended network of multicast DNS under virtual time, for the tests of `mdns`. No tests here. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Host } from '../../../kernel/index.ts'
import { VirtualClock } from '../../../testing/virtual-host.ts'
import { PretendedNode, selfInfo } from '../../discovery-kit.test.ts'
import type { MdnsPacket, MdnsRecord, MdnsSocketOptions, MdnsSource } from '../../port/mdns-port.ts'
import type { InterfaceAddress } from '../../port/ports.ts'
import { systemPorts } from '../../ports/system-ports.ts'
import { serviceType } from './own-service.ts'

/** One packet that was sent. */
export interface SentPacket {
  readonly atMs: number
  readonly from: string
  readonly packet: MdnsPacket
  readonly to: MdnsSource | undefined
}

interface Joined {
  readonly node: string
  readonly options: MdnsSocketOptions
}

/** How a node of the world begins. */
export interface WorldNodeOptions {
  readonly cluster?: string
  readonly addresses?: string[]
  readonly incarnation?: string
  readonly config?: Record<string, unknown>
  readonly interfaces?: InterfaceAddress[]
}

/** Interface `lan0` with this last number. */
export function lan(last: number, name = 'lan0'): InterfaceAddress {
  const netmask = '255.255.255.0'
  const subnet = name === 'lan0' ? '10.0.0' : '10.0.9'
  return { name, address: `${subnet}.${String(last)}`, family: 4, netmask, isInternal: false }
}

/** All packets arrive everywhere a millisecond later, unless told otherwise. */
export class MdnsWorld {
  readonly clock: VirtualClock = new VirtualClock({ seed: 7 })
  readonly sent: SentPacket[] = []
  readonly #joined = new Set<Joined>()
  readonly #nodes: PretendedNode[] = []
  /** Whose packets are lost, and who hears nothing. */
  readonly cut: Set<string> = new Set()
  #count = 0

  node(name: string, options: WorldNodeOptions = {}): PretendedNode {
    this.#count += 1
    const address = lan(this.#count)
    const interfaces = options.interfaces ?? [address]
    const addresses = options.addresses ?? [`${address.address}:4001`]
    const { cluster = 'shop', config, incarnation } = options
    const self = selfInfo({
      name,
      cluster,
      addresses,
      ...(incarnation !== undefined && { incarnation }),
    })
    const ports = {
      ...systemPorts,
      networkInterfaces: () => interfaces,
      openMdns: (given: MdnsSocketOptions) => Promise.resolve(this.#join(name, given)),
    }
    const made: PretendedNode = new PretendedNode(
      { lan: { strategy: 'mdns', ...(config && { config }) } },
      {
        name,
        host: this.clock.host(name),
        self,
        secrets: ['a secret for tests, 0123456789'],
        deps: {
          ports,
          interfaces: undefined,
          connect: (hint, target) => {
            made.dials.push(target)
            const isUp = !this.cut.has(hint.nodeName ?? '')
            if (isUp) made.connected.add(hint.nodeName ?? target)
            return Promise.resolve(isUp)
          },
        },
      },
    )
    this.#nodes.push(made)
    return made
  }

  started(name: string, options: WorldNodeOptions = {}): PretendedNode {
    const made = this.node(name, options)
    made.discovery.start()
    return made
  }

  /** A participant that is no node: hears everything, says anything. */
  stranger(
    address: string,
    port = 5_353,
  ): { heard: MdnsPacket[]; say: (packet: Partial<MdnsPacket>) => void } {
    const heard: MdnsPacket[] = []
    const options: MdnsSocketOptions = {
      interfaceAddress: address,
      port,
      library: undefined,
      onPacket: (packet) => heard.push(packet),
      onError: () => undefined,
    }
    this.#joined.add({ node: address, options })
    const empty = { id: 0, isTruncated: false, questions: [], answers: [], additionals: [] }
    const say = (packet: Partial<MdnsPacket>): void => {
      this.#deliver({ kind: 'response', ...empty, ...packet }, { address, port }, address)
    }
    return { heard, say }
  }

  /** Stops every node, whatever happened. */
  async close(): Promise<void> {
    const stops = this.#nodes.map((node) => node.discovery.stop())
    await this.clock.advance(3_000)
    await Promise.all(stops)
  }

  /** Times at which a node asked everybody who is there. */
  browses(from: string): number[] {
    return this.sent
      .filter((one) => one.from === from && one.packet.kind === 'query')
      .filter(({ packet }) => packet.questions.some(({ name }) => name === serviceType))
      .map(({ atMs }) => atMs)
  }

  /** What a node said after a time. */
  said(from: string, afterMs: number): SentPacket[] {
    return this.sent.filter(
      (one) => one.from === from && one.packet.kind === 'response' && one.atMs > afterMs,
    )
  }

  #join(
    node: string,
    options: MdnsSocketOptions,
  ): Awaited<ReturnType<typeof systemPorts.openMdns>> {
    const joined = { node, options }
    this.#joined.add(joined)
    return {
      send: (packet, to) => {
        this.sent.push({ atMs: this.clock.nowMs, from: node, packet, to })
        const source = { address: options.interfaceAddress, port: options.port }
        if (!this.cut.has(node)) this.#deliver(packet, source, node, to)
        return Promise.resolve()
      },
      close: () => {
        this.#joined.delete(joined)
        return Promise.resolve()
      },
    }
  }

  // eslint-disable-next-line max-params -- A network has four sides.
  #deliver(packet: MdnsPacket, source: MdnsSource, from: string, to?: MdnsSource): void {
    const host: Host = this.clock.host('network')
    host.after(1, () => {
      for (const { node, options } of [...this.#joined]) {
        const isMeant =
          to === undefined || (to.address === options.interfaceAddress && to.port === options.port)
        if (isMeant && (!this.cut.has(node) || node === from)) options.onPacket(packet, source)
      }
    })
  }
}

/** A complete instance of somebody, as records. */
export function instanceRecords(
  label: string,
  { c, address, ttlSeconds = 120 }: { c: string; address: string; ttlSeconds?: number },
): MdnsRecord[] {
  const name = `${label}.${serviceType}`
  const head = { ttlSeconds, isFlush: false }
  return [
    { ...head, type: 'PTR', name: serviceType, target: name },
    { ...head, type: 'SRV', name, target: `${label}.local`, port: 7_000, isFlush: true },
    { ...head, type: 'TXT', name, entries: { v: '1', c, id: label, inc: '1' }, isFlush: true },
    { ...head, type: 'A', name: `${label}.local`, address, isFlush: true },
  ]
}

/** A world that is closed when the test ends. */
export function makeWorld(t: TestContext): MdnsWorld {
  const world = new MdnsWorld()
  t.after(() => world.close())
  return world
}

/** What the first node announced. */
export function firstRecords(world: MdnsWorld): {
  instance: string
  pointer: MdnsRecord
  details: readonly MdnsRecord[]
} {
  const own = world.sent.find(({ packet }) => packet.kind === 'response')?.packet
  const [pointer] = own?.answers ?? []
  assert.ok(own && pointer?.type === 'PTR')
  return { instance: pointer.target, pointer, details: own.additionals }
}
