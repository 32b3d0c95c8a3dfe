/**
 * One file of the registry folder: what it holds, and when its writer is gone. Pure.
 */
import { createHash } from 'node:crypto'
import { parseAddress } from '../../port/address.ts'

/** What a node writes of itself. */
export interface RegistryEntry {
  readonly name: string
  readonly incarnation: string
  /** "host:port", best first. At most 16. */
  readonly addresses: readonly string[]
  readonly process: ProcessStamp
}

/** Which process wrote it. A process number alone is used again after a while. */
export interface ProcessStamp {
  readonly pid: number
  /** When the process began, in the system's own unit; empty where the system does not tell. */
  readonly startedAt: string
  /** Names the set of process numbers (a container has its own); empty where there are none. */
  readonly namespace: string
}

/** Larger files are not ours. */
export const entryMaxBytes = 8_192
const addressesMax = 16
const textMaxLength = 512

/** `<incarnation>.json`; incarnations with characters unfit for a file name are hashed. */
export function entryFileName(incarnation: string): string {
  const isFit = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(incarnation)
  const stem = isFit ? incarnation : createHash('sha256').update(incarnation).digest('hex')
  return `${stem}.json`
}

/** True for names that {@link entryFileName} gives. */
export function isEntryFileName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.json$/.test(name)
}

/** One line of JSON. */
export function encodeEntry(entry: RegistryEntry): string {
  return `${JSON.stringify({ version: 1, ...entry })}\n`
}

/** Nothing when the text is torn or was written by something else. */
export function decodeEntry(text: string): RegistryEntry | undefined {
  const value = recordOf(parseJson(text))
  const process = value && decodeStamp(value.process)
  if (!process || value.version !== 1) return undefined
  const { name, incarnation, addresses } = value
  if (!isText(name) || !isText(incarnation) || !isAddressList(addresses)) return undefined
  return { name, incarnation, addresses, process }
}

function decodeStamp(value: unknown): ProcessStamp | undefined {
  const { pid, startedAt, namespace } = recordOf(value) ?? {}
  if (!Number.isInteger(pid) || typeof startedAt !== 'string') return undefined
  return typeof namespace === 'string' ? { pid: pid as number, startedAt, namespace } : undefined
}

/** How a process looks from here. */
export interface ProcessView {
  readonly namespace: string
  isAlive(pid: number): boolean
  /** Empty when the system does not tell. */
  startedAt(pid: number): string
}

/** Entries of other containers cannot be checked; they are stale when not renewed for this long. */
export const foreignStaleMs = 120_000

/** True when the process that wrote the entry runs no more. */
export function isStale({ process }: RegistryEntry, ageMs: number, view: ProcessView): boolean {
  if (process.namespace !== view.namespace) return ageMs > foreignStaleMs
  if (!view.isAlive(process.pid)) return true
  const now = view.startedAt(process.pid)
  return process.startedAt !== '' && now !== '' && process.startedAt !== now
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Torn or foreign: the caller counts it.
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= textMaxLength
}

function isAddressList(value: unknown): value is string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > addressesMax) return false
  return value.every((item) => isText(item) && parseAddress(item)?.port !== undefined)
}
