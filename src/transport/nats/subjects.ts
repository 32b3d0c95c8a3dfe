/**
 * Subjects: where on the broker things of one cluster are said. Pure.
 *
 *     fnd.<app>.pulse                        every node says that it lives
 *     fnd.<app>.node.<name>.hello            asks the node of that name for a link
 *     fnd.<app>.node.<name>.<sender>.<class> what parts of nodes say to one life of one node
 *     fnd.<app>.node.<name>.<sender>.<class>.published  what users say to it
 *     fnd.<app>.<class>.<topic>              payloads for whoever listens
 */
import type { ChannelClass } from '../port/port.ts'
import type { DirectKind } from './direct.ts'

/** Bytes a token may hold as they are; all others are written `=XX`. */
const plain = /^[A-Za-z0-9_-]+$/

/** Any text as one token of a subject: no dots, blanks or wildcards, and never empty. */
export function encodeToken(text: string): string {
  if (plain.test(text)) return text
  let token = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte)
    token += plain.test(char) ? char : `=${byte.toString(16).padStart(2, '0').toUpperCase()}`
  }
  return token === '' ? '=' : token
}

/** The text of a token that {@link encodeToken} wrote. */
export function decodeToken(token: string): string {
  if (token === '=' || !token.includes('=')) return token === '=' ? '' : token
  const bytes = token.replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** The subjects of one cluster. */
export class Subjects {
  readonly pulse: string
  readonly #root: string
  readonly #cluster: string

  constructor(cluster: string) {
    this.#cluster = encodeToken(cluster)
    this.#root = `fnd.${this.#cluster}`
    this.pulse = `${this.#root}.pulse`
  }

  hello(nodeName: string): string {
    return `${this.#root}.node.${encodeToken(nodeName)}.hello`
  }

  /** @param sender of the node that is meant, in hexadecimal. */
  direct(...[nodeName, sender, kind]: [string, string, DirectKind]): string {
    const tail = kind.isPublished ? '.published' : ''
    return `${this.#root}.node.${encodeToken(nodeName)}.${sender}.${kind.channelClass}${tail}`
  }

  /** What the subjects of all topics of a class begin with. */
  topicsOf(channelClass: ChannelClass): string {
    return `${this.#root}.${channelClass}.`
  }

  /** A topic or a pattern; the broker's wildcards are the same as ours. */
  topic(channelClass: ChannelClass, topic: string): string {
    const tokens = topic
      .split('.')
      .map((token) => (token === '*' || token === '>' ? token : encodeToken(token)))
    return this.topicsOf(channelClass) + tokens.join('.')
  }

  /** The topic that a subject of a class stands for. */
  topicOf(channelClass: ChannelClass, subject: string): string {
    const tokens = subject.slice(this.topicsOf(channelClass).length).split('.')
    return tokens.map(decodeToken).join('.')
  }

  /** What other nodes dial to reach a node: `nats:<app>/<name>`. */
  addressOf(nodeName: string): string {
    return `${addressScheme}${this.#cluster}/${nodeName}`
  }

  /**
   * An address of one life of a node: `nats:<app>@<sender>/<name>`. It leads where the node's own does,
   * but is another word: a node that hears of a namesake does not take it for itself.
   */
  addressOfLife(nodeName: string, sender: string): string {
    return `${addressScheme}${this.#cluster}@${sender}/${nodeName}`
  }

  /** @returns the node an address names, `elsewhere` for another cluster's, nothing for no address of ours. */
  nodeAt(address: string): { readonly name: string } | 'elsewhere' | undefined {
    const slash = address.indexOf('/')
    if (!address.startsWith(addressScheme) || slash === -1 || slash === address.length - 1) {
      return undefined
    }
    const [cluster] = address.slice(addressScheme.length, slash).split('@')
    if (cluster !== this.#cluster) return 'elsewhere'
    return { name: address.slice(slash + 1) }
  }
}

const addressScheme = 'nats:'

/** Whether a subject is one a pattern stands for, as the broker sees it. */
export function subjectMatches(pattern: string, subject: string): boolean {
  if (pattern === subject) return true
  const wanted = pattern.split('.')
  const tokens = subject.split('.')
  for (const [at, token] of wanted.entries()) {
    if (token === '>') return tokens.length > at
    if (at >= tokens.length || (token !== '*' && token !== tokens[at])) return false
  }
  return wanted.length === tokens.length
}
