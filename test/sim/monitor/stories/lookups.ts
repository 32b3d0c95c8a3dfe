/** Illness of discovery: a source that is out, and a member whose place another one has taken. */
import type { LookupResult, Topology } from '../../../../src/discovery/index.ts'
import type { Story } from '../story.ts'
import type { Ward } from '../ward.ts'

const pollIntervalMs = 60_000
const outMs = 20_000
/** A crash is told at once, judged within a second, looked up, and dialled. */
const foundMaxMs = 6_000

/** A list all may read, but for who must be found, and but for a time in which nobody can. */
class AddressBook {
  state: 'there' | 'out' = 'there'
  readonly #ward: Ward

  constructor(ward: Ward) {
    this.#ward = ward
  }

  topologyOf(reader: string): Topology {
    const lookup = (): Promise<LookupResult> => this.#lookup(reader)
    class Book {
      lookup(): Promise<LookupResult> {
        return lookup()
      }
    }
    return { strategy: Book, config: { pollIntervalMs } }
  }

  #lookup(reader: string): Promise<LookupResult> {
    if (this.state === 'out') return Promise.reject(new Error('the book is out'))
    const isBlind = reader === newcomerOf(this.#ward)
    const listed = isBlind ? [] : this.#ward.world.up
    const peers = listed.map(({ name }) => ({ host: name, port: 1, nodeName: name }))
    return Promise.resolve({ peers, complete: true })
  }
}

const books = new WeakMap<Ward, AddressBook>()

/** A successor stands in the book when its predecessor dies. Measures until all have found it. */
export const lostDiscovery: Story = {
  name: 'a successor nobody has looked for',
  cure: ['rediscover'],
  illMax: foundMaxMs,
  options: {
    knowsAll: false,
    node: (ward, name) => ({ topologies: { book: bookOf(ward).topologyOf(name) } }),
  },
  async run(ward) {
    const newcomer = newcomerOf(ward)
    const others = ward.names.filter((name) => name !== newcomer)
    for (const name of others) {
      ward.world.begin(name)
      await ward.pass(500)
    }
    ward.trouble()
    await ward.settle('the start')
    await outage(ward)
    const predecessor = ward.pick(others)
    ward.world.begin(newcomer)
    await ward.pass(ward.span(100, 1_000))
    ward.world.killForGood(predecessor)
    const isFound = (): boolean =>
      ward.world.up.every(
        ({ name, parts }) => name === newcomer || parts.membership.roster.isLinked(newcomer),
      )
    return await ward.until(isFound, 2 * pollIntervalMs)
  },
}

/** A source that is out is told, changes nothing else, and is asked again. */
async function outage(ward: Ward): Promise<void> {
  const book = bookOf(ward)
  book.state = 'out'
  for (const { parts } of ward.world.up) parts.discovery.refresh()
  await ward.pass(outMs)
  for (const { name, parts } of ward.world.up) {
    const { status, reasons } = parts.monitor.health()
    if (!reasons.some((reason) => reason.startsWith('topology book'))) {
      ward.violation(`${name} is ${status} while its source is out: ${reasons.join('; ')}`)
    }
  }
  book.state = 'there'
  const isWell = (): boolean =>
    ward.world.up.every(({ parts }) => parts.monitor.health().status === 'healthy')
  await ward.until(isWell, 2 * pollIntervalMs)
  if (!isWell()) ward.violation('a source that is there again is not asked')
  await ward.settle('the outage')
}

function newcomerOf({ names }: Ward): string {
  return names.at(-1) ?? ''
}

function bookOf(ward: Ward): AddressBook {
  const book = books.get(ward) ?? new AddressBook(ward)
  books.set(ward, book)
  return book
}
