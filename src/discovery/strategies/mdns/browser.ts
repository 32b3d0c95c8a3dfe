/**
 * Turns records into peers: who is there, where, and who has gone. Pure: time is an argument.
 */
import { isIP } from 'node:net'
import type { MdnsPacket, MdnsQuestion, MdnsRecord } from '../../port/mdns-port.ts'
import { clusterHash, serviceType, textVersion } from './own-service.ts'
import { RecordCache } from './record-cache.ts'

/** An instance with everything that is needed to dial it. */
export interface FoundInstance {
  /** The full name of the instance: unique for one boot of a node. */
  readonly instance: string
  readonly nodeName: string | undefined
  readonly incarnation: string | undefined
  readonly hosts: readonly string[]
  readonly port: number
  /** Where its packets come from. */
  readonly source: string
}

/** What has changed. */
export type BrowserNews =
  | { readonly type: 'seen'; readonly found: FoundInstance }
  | { readonly type: 'gone'; readonly found: FoundInstance; readonly reason: 'goodbye' | 'expired' }

/** Whom to look for. */
export interface BrowserOptions {
  readonly cluster: string
  readonly recordsMax: number
}

/** All instances of one cluster. */
export class Browser {
  readonly #clusterHash: string
  readonly #cache: RecordCache
  readonly #found = new Map<string, FoundInstance>()
  readonly #sources = new Map<string, string>()
  readonly #leaving = new Set<string>()

  constructor({ cluster, recordsMax }: BrowserOptions) {
    this.#clusterHash = clusterHash(cluster)
    this.#cache = new RecordCache({ recordsMax })
  }

  /** Takes a response. `isOwn` tells this node's own instance. */
  heard(
    packet: MdnsPacket,
    from: { source: string; nowMs: number; chance: number },
  ): BrowserNews[] {
    const records = [...packet.answers, ...packet.additionals]
    const targets = records.flatMap((record) => this.#take(record, from))
    const wanted = new Set([...targets, ...this.#targets()].map((name) => name.toLowerCase()))
    for (const record of records) {
      const isAddress = record.type === 'A' || record.type === 'AAAA'
      if (isAddress && wanted.has(record.name.toLowerCase()))
        this.#cache.put(record, from.nowMs, from.chance)
    }
    return this.#changes(new Set(records.map(instanceOf)))
  }

  /** Lets go of what holds no longer. */
  expire(nowMs: number): BrowserNews[] {
    return this.#cache.expire(nowMs) ? this.#changes(new Set()) : []
  }

  /** What must be asked for now: what is about to be lost, and what instances lack. */
  questions(nowMs: number): MdnsQuestion[] {
    return this.#cache.refresh(nowMs)
  }

  /** What instances still lack before they can be dialled. */
  missing(): MdnsQuestion[] {
    return this.#instances().flatMap((name): MdnsQuestion[] => {
      const [service] = this.#cache.find(name, 'SRV')
      const [text] = this.#cache.find(name, 'TXT')
      const lacking: MdnsQuestion[] = []
      if (!service) lacking.push({ name, type: 'SRV' })
      if (!text) lacking.push({ name, type: 'TXT' })
      const isOurs = text?.entries['c'] === this.#clusterHash
      const isHostKnown = !service || this.#hostsOf(service.target).length > 0
      if (isOurs && service && !isHostKnown) lacking.push({ name: service.target, type: 'A' })
      return lacking
    })
  }

  /** Answers that need not be given again. */
  known(nowMs: number): MdnsRecord[] {
    return this.#cache.young(serviceType, 'PTR', nowMs)
  }

  /** When `expire` or `questions` has something to do next. */
  get nextMs(): number {
    return this.#cache.nextMs
  }

  /** Everything known, again: for when addresses are weighed anew. */
  get found(): readonly FoundInstance[] {
    return [...this.#found.values()]
  }

  /** Keeps one record about services; @returns the host it names. */
  #take(record: MdnsRecord, from: { source: string; nowMs: number; chance: number }): string[] {
    const instance = instanceOf(record)
    if (instance === undefined) return []
    this.#cache.put(record, from.nowMs, from.chance)
    if (record.ttlSeconds > 0) {
      this.#sources.set(instance, from.source)
      this.#leaving.delete(instance)
    } else if (record.type === 'PTR') this.#leaving.add(instance)
    return record.type === 'SRV' ? [record.target] : []
  }

  #instances(): string[] {
    return this.#cache.find(serviceType, 'PTR').map(({ target }) => target.toLowerCase())
  }

  #targets(): string[] {
    return this.#instances().flatMap((name) =>
      this.#cache.find(name, 'SRV').map(({ target }) => target),
    )
  }

  #hostsOf(target: string): string[] {
    const ips = [...this.#cache.find(target, 'A'), ...this.#cache.find(target, 'AAAA')]
    if (ips.length > 0) return ips.map(({ address }) => address)
    // A host that multicast DNS does not know is for the machine's own name service.
    return /\.local$/i.test(target) || isIP(target) !== 0 ? [] : [target]
  }

  #changes(mentioned: ReadonlySet<string | undefined>): BrowserNews[] {
    const present = new Set(this.#instances())
    const news: BrowserNews[] = []
    for (const name of present) {
      const found = this.#resolve(name)
      if (!found) continue
      const isNews = JSON.stringify(found) !== JSON.stringify(this.#found.get(name))
      this.#found.set(name, found)
      if (isNews || mentioned.has(name)) news.push({ type: 'seen', found })
    }
    return [...news, ...this.#departures(present)]
  }

  #departures(present: ReadonlySet<string>): BrowserNews[] {
    const news: BrowserNews[] = []
    for (const [name, found] of this.#found) {
      const isThere = present.has(name) && this.#cache.find(name, 'SRV').length > 0
      if (isThere) continue
      this.#found.delete(name)
      news.push({ type: 'gone', found, reason: this.#leaving.has(name) ? 'goodbye' : 'expired' })
    }
    for (const name of this.#sources.keys()) {
      if (present.has(name)) continue
      this.#sources.delete(name)
      this.#leaving.delete(name)
    }
    return news
  }

  #resolve(instance: string): FoundInstance | undefined {
    const [service] = this.#cache.find(instance, 'SRV').slice(-1)
    const [text] = this.#cache.find(instance, 'TXT').slice(-1)
    if (!service || !text) return undefined
    const { v, c, id, inc } = text.entries
    if (v !== textVersion || c !== this.#clusterHash) return undefined
    const hosts = this.#hostsOf(service.target)
    if (hosts.length === 0) return undefined
    const source = this.#sources.get(instance) ?? ''
    return { instance, nodeName: id, incarnation: inc, hosts, port: service.port, source }
  }
}

/** The instance a record is about, in lower case; nothing for addresses and other services. */
function instanceOf(record: MdnsRecord): string | undefined {
  if (record.type === 'PTR') {
    const isOurs = record.name.toLowerCase() === serviceType
    return isOurs ? record.target.toLowerCase() : undefined
  }
  const name = record.name.toLowerCase()
  const isInstance = record.type === 'SRV' || record.type === 'TXT'
  return isInstance && name.endsWith(`.${serviceType}`) ? name : undefined
}
