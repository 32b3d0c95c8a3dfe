/**
 * Lists of peers as people and programs write them: JSON, or words and lines. Pure.
 */
import { FoundationError, toError } from '../../kernel/index.ts'
import { parseAddress } from '../port/address.ts'
import type { PeerHint } from '../port/port.ts'

/**
 * Reads a list. A text that begins with `[` or `{` is JSON, as {@link peersOf} takes it; anything else is
 * words apart by space, comma or line, with comments from `#` to the end of the line. Erlang's `'host'.`
 * is understood.
 *
 * @param port for those that name none.
 * @throws {FoundationError} `FND_DISCOVERY_FAILED` when it is empty or broken JSON: a list of nobody
 *   is written `[]` or as a comment, so that a file that is just being written is not taken for one.
 */
export function readHostList(text: string, port: number | undefined): PeerHint[] {
  const trimmed = text.trim()
  if (trimmed === '') throw failed('it is empty; write [] for nobody')
  return peersOf(/^[[{]/.test(trimmed) ? parsed(trimmed) : words(trimmed), port)
}

/**
 * The peers of a document: a list, or an object with the list under `peers`. An item is "host",
 * "host:port" or an object shaped like a hint (`{ host, port?, nodeName? }`).
 *
 * @param port for those that name none.
 * @returns hints; what is none is among them as it stands, for discovery to count and leave out.
 * @throws {FoundationError} `FND_DISCOVERY_FAILED` when there is no list.
 */
export function peersOf(document: unknown, port?: number): PeerHint[] {
  const list = listOf(document) ?? listOf((document as { peers?: unknown } | null)?.peers)
  if (!list) throw failed('it is neither a JSON list nor an object with one in "peers"')
  return list.map((item) => hintOf(item, port))
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? (value as unknown[]) : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw failed(`it is not JSON (${toError(error).message})`)
  }
}

function words(text: string): string[] {
  const bare = text.replaceAll(/#.*$|^\s*%.*$/gm, '')
  return bare.split(/[\s,]+/).filter((word) => word !== '')
}

function hintOf(item: unknown, port: number | undefined): PeerHint {
  const shared = port === undefined ? {} : { port }
  if (typeof item !== 'string') return { ...shared, ...(item as PeerHint) }
  const word = item.replace(/^'(.*)'\.?$/, '$1')
  return { ...shared, ...(parseAddress(word) ?? { host: word }) }
}

function failed(problem: string): FoundationError {
  return new FoundationError('FND_DISCOVERY_FAILED', `The list of hosts cannot be read: ${problem}`)
}
