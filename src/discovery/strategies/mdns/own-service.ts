/**
 * What this node says of itself by multicast DNS: its records, and the packets that carry them. Pure.
 * Instance and host are called by a number of this boot, so that nobody else can have the names and
 * no conflict must be searched for; the cluster is hashed, the secret takes no part.
 */
import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { isLoopback, parseAddress } from '../../port/address.ts'
import type { MdnsPacket, MdnsPointer, MdnsQuestion, MdnsRecord } from '../../port/mdns-port.ts'
import type { SelfInfo } from '../../port/port.ts'

/** The type of service all nodes of Foundation announce. */
export const serviceType = '_foundation._tcp.local'
/** What lists all types of service. @source RFC 6763 section 9 */
export const serviceTypesName = '_services._dns-sd._udp.local'
/** The version of what the TXT record says. */
export const textVersion = '1'

const labelMaxBytes = 63
const textValueMaxBytes = 250
const addressesMax = 8
/** Unicast answers to plain DNS clients are not to be kept for long. @source RFC 6762 section 6.7 */
const plainTtlSecondsMax = 10

/** The records of one node. */
export interface OwnService {
  readonly instance: string
  readonly pointer: MdnsPointer
  readonly typesPointer: MdnsPointer
  /** SRV, TXT and addresses: nobody else has records of these names. */
  readonly details: readonly MdnsRecord[]
}

/** How records are made beside what the node says of itself. */
export interface OwnServiceOptions {
  /** Hex digits, fresh for every boot. */
  readonly bootId: string
  readonly ttlSeconds: number
  /** Addresses of loopback are for this machine only. */
  readonly isLoopback: boolean
}

/** Nothing while the node has no address to be dialled at. */
export function ownService(self: SelfInfo, options: OwnServiceOptions): OwnService | undefined {
  const endpoint = parseAddress(self.addresses[0] ?? '')
  if (endpoint?.port === undefined) return undefined
  const { bootId, ttlSeconds } = options
  const instance = `${instanceLabel(self.name, bootId)}.${serviceType}`
  const ips = addressesAt(self.addresses, endpoint.port).filter(
    (address) => options.isLoopback || !isLoopback(address),
  )
  const host = ips.length > 0 ? `foundation-${bootId}.local` : endpoint.host
  const shared = { ttlSeconds, isFlush: false }
  const unique = { ttlSeconds, isFlush: true }
  return {
    instance,
    pointer: { ...shared, type: 'PTR', name: serviceType, target: instance },
    typesPointer: { ...shared, type: 'PTR', name: serviceTypesName, target: serviceType },
    details: [
      { ...unique, type: 'SRV', name: instance, target: host, port: endpoint.port },
      { ...unique, type: 'TXT', name: instance, entries: textOf(self) },
      ...ips.map((address): MdnsRecord => {
        return { ...unique, type: isIP(address) === 4 ? 'A' : 'AAAA', name: host, address }
      }),
    ],
  }
}

/** 16 hex digits that are the same for the same cluster name. */
export function clusterHash(cluster: string): string {
  return createHash('sha256').update(`foundation mdns ${cluster}`).digest('hex').slice(0, 16)
}

/** An announcement, or the answer to whoever asks for anything of this node. */
export function announcement(own: OwnService): MdnsPacket {
  return response([own.pointer], own.details)
}

/** The same records with nothing left of their time. */
export function goodbye(own: OwnService): MdnsPacket {
  const ended = [own.pointer, ...own.details].map((record) => ({ ...record, ttlSeconds: 0 }))
  return response(ended, [])
}

/** The answer "there are services of this type here". */
export function typesAnswer(own: OwnService): MdnsPacket {
  return response([own.typesPointer], [])
}

/** An answer to one plain DNS client, with its question. @source RFC 6762 section 6.7 */
export function plainAnswer(packet: MdnsPacket, to: MdnsPacket): MdnsPacket {
  const plain = (record: MdnsRecord): MdnsRecord => {
    const ttlSeconds = Math.min(record.ttlSeconds, plainTtlSecondsMax)
    return { ...record, ttlSeconds, isFlush: false }
  }
  return {
    ...packet,
    id: to.id,
    questions: to.questions,
    answers: packet.answers.map(plain),
    additionals: packet.additionals.map(plain),
  }
}

/** A question to everybody, with what is known already. */
export function query(
  questions: readonly MdnsQuestion[],
  known: readonly MdnsRecord[],
  isTruncated: boolean,
): MdnsPacket {
  return { kind: 'query', id: 0, isTruncated, questions, answers: known, additionals: [] }
}

function response(answers: readonly MdnsRecord[], additionals: readonly MdnsRecord[]): MdnsPacket {
  return { kind: 'response', id: 0, isTruncated: false, questions: [], answers, additionals }
}

/** At most 63 bytes, without dots: the name as far as it fits, and the number of this boot. */
function instanceLabel(name: string, bootId: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_-]+/g, '-')
  return `${plain.slice(0, labelMaxBytes - bootId.length - 1)}-${bootId}`
}

/** The addresses with the port that the SRV record tells. */
function addressesAt(addresses: readonly string[], port: number): string[] {
  const hosts = addresses.map(parseAddress).filter((address) => address?.port === port)
  const ips = hosts.map((address) => address?.host ?? '').filter((host) => isIP(host) !== 0)
  return [...new Set(ips.map((ip) => ip.replace(/%.*$/, '')))].slice(0, addressesMax)
}

function textOf({ name, incarnation, cluster }: SelfInfo): Record<string, string> {
  const text = { v: textVersion, c: clusterHash(cluster), id: name, inc: incarnation }
  const fitting = Object.entries(text).filter(
    ([, value]) => Buffer.byteLength(value) <= textValueMaxBytes,
  )
  return Object.fromEntries(fitting)
}
