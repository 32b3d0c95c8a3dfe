/** Packets between the shape of the package `dns-packet` and that of the port. Pure. */
import { isIP } from 'node:net'
import type { MdnsPacket, MdnsQuestion, MdnsRecord } from '../port/mdns-port.ts'

/** What is used of a packet of `dns-packet`. */
export interface WirePacket {
  readonly type?: 'query' | 'response'
  readonly id?: number
  readonly flags?: number
  readonly questions?: readonly WireQuestion[]
  readonly answers?: readonly WireRecord[]
  readonly additionals?: readonly WireRecord[]
}

interface WireQuestion {
  readonly name: string
  readonly type: string
}

interface WireRecord extends WireQuestion {
  readonly class?: string
  readonly ttl?: number
  readonly flush?: boolean
  readonly data?: unknown
}

const authoritative = 1 << 10
const truncated = 1 << 9
/** Records taken from one packet; the rest is left out. */
const recordsMax = 256
const textMaxBytes = 255

/** For sending. */
export function toWire(packet: MdnsPacket): WirePacket {
  const { kind, id, questions, answers, additionals } = packet
  const flags = (kind === 'response' ? authoritative : 0) | (packet.isTruncated ? truncated : 0)
  return {
    type: kind,
    id,
    flags,
    questions: [...questions],
    answers: answers.map(toWireRecord),
    additionals: additionals.map(toWireRecord),
  }
}

function toWireRecord(record: MdnsRecord): WireRecord {
  const { name, type, ttlSeconds: ttl, isFlush: flush } = record
  return { name, type, class: 'IN', ttl, flush, data: dataOf(record) }
}

function dataOf(record: MdnsRecord): unknown {
  switch (record.type) {
    case 'PTR':
      return record.target
    case 'SRV':
      return { target: record.target, port: record.port, priority: 0, weight: 0 }
    case 'TXT':
      return Object.entries(record.entries).map(([key, value]) => `${key}=${value}`)
    case 'A':
    case 'AAAA':
      return record.address
  }
}

/** What arrived, without the records and questions that are not understood. */
export function fromWire(packet: WirePacket): MdnsPacket {
  const { questions = [], answers = [], additionals = [] } = packet
  return {
    kind: packet.type === 'response' ? 'response' : 'query',
    id: packet.id ?? 0,
    isTruncated: ((packet.flags ?? 0) & truncated) !== 0,
    questions: questions.slice(0, recordsMax).flatMap(questionOf),
    answers: answers.slice(0, recordsMax).flatMap(recordOf),
    additionals: additionals.slice(0, recordsMax).flatMap(recordOf),
  }
}

const questionTypes: readonly string[] = ['PTR', 'SRV', 'TXT', 'A', 'AAAA', 'ANY']

function questionOf({ name, type }: WireQuestion): MdnsQuestion[] {
  if (!questionTypes.includes(type)) return []
  return [{ name, type: type as MdnsQuestion['type'] }]
}

function recordOf(record: WireRecord): MdnsRecord[] {
  const { name, type, data, ttl: ttlSeconds = 0, flush: isFlush = false } = record
  const head = { name, ttlSeconds, isFlush }
  if (type === 'SRV') return serviceOf(head, data)
  if (type === 'TXT') return [{ ...head, type, entries: entriesOf(data) }]
  if (typeof data !== 'string') return []
  if (type === 'PTR') return [{ ...head, type, target: data }]
  const isAddress = type === 'A' || type === 'AAAA'
  return isAddress && isIP(data) !== 0 ? [{ ...head, type, address: data }] : []
}

function serviceOf(
  head: Pick<MdnsRecord, 'name' | 'ttlSeconds' | 'isFlush'>,
  data: unknown,
): MdnsRecord[] {
  const { target, port } = (data ?? {}) as { target?: unknown; port?: unknown }
  if (typeof target !== 'string' || typeof port !== 'number' || port < 1) return []
  return [{ ...head, type: 'SRV', target, port }]
}

/** The first of equal keys counts; keys are without regard to case (RFC 6763 section 6.4). */
function entriesOf(data: unknown): Record<string, string> {
  const items: readonly unknown[] = Array.isArray(data) ? data : [data]
  const entries = new Map<string, string>()
  for (const item of items) {
    if (!Buffer.isBuffer(item) || item.length > textMaxBytes) continue
    const text = item.toString('utf8')
    const at = text.indexOf('=')
    const key = (at === -1 ? text : text.slice(0, at)).toLowerCase()
    if (at > 0 && !entries.has(key)) entries.set(key, text.slice(at + 1))
  }
  return Object.fromEntries(entries)
}
