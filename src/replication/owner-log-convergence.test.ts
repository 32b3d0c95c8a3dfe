import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { assertAgree, space } from './log-fixtures.ts'
import { TestNetwork } from './network-fixtures.ts'

const names = ['a', 'b', 'c'] as const
const pairs = [
  ['a', 'b'],
  ['a', 'c'],
  ['b', 'c'],
] as const

const key = fc.nat(9).map(String)
const node = fc.constantFrom(...names)
/** One thing that happens; it may take time. */
type Step = (network: TestNetwork) => unknown

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(node, key, fc.nat(99)).map(
      ([at, text, value]): Step =>
        (network) =>
          network.node(at).log.put(space, text, value),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(node, key).map(
      ([at, text]): Step =>
        (network) =>
          network.node(at).log.delete(space, text),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.nat(30).map(
      (ms): Step =>
        (network) =>
          network.host.advance(ms),
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom(...pairs).map(flip) },
)

describe('OwnerLog, in the end', () => {
  it('converges over links that lose, break and come back, whatever is said', async () => {
    const given = [fc.array(step, { maxLength: 60 }), fc.nat(50), fc.nat()] as const
    await fc.assert(
      fc.asyncProperty(...given, async (steps, lossPercent, seed) => {
        const network = mesh(seed)
        const told = names.map((name) => mirror(network, name))
        network.fate = () => (network.host.random() * 100 < lossPercent ? 'lost' : 'accepted')
        for (const act of steps) await act(network)
        await heal(network)
        for (const [index, name] of names.entries()) {
          for (const owner of names) if (owner !== name) assertAgree(network, owner, name)
          assert.deepEqual([...(told[index] ?? [])].sort(), network.entries(name, space))
          assert.equal(network.node(name).log.stats().alarms, 0)
        }
      }),
      { numRuns: 150 },
    )
  })
})

function mesh(seed: number): TestNetwork {
  const network = new TestNetwork(seed)
  for (const name of names) network.add(name, { sliceMaxBytes: 1_024, historyMaxOperations: 8 })
  for (const [one, other] of pairs) network.link(one, other)
  return network
}

function flip([one, other]: readonly [string, string]): Step {
  return (network) => {
    if (network.linked(one, other)) network.unlink(one, other)
    else network.link(one, other)
  }
}

/** Links everybody, loses nothing, and waits for a few digests. */
async function heal(network: TestNetwork): Promise<void> {
  network.fate = () => 'accepted'
  for (const [one, other] of pairs) {
    if (!network.linked(one, other)) network.link(one, other)
  }
  await network.host.advance(6_000)
}

/** The visible entries as told by changes alone. */
function mirror(network: TestNetwork, at: string): Set<string> {
  const shown = new Map<string, string>()
  const set = new Set<string>()
  network.node(at).log.watch(space, ({ owner, key, type, value }) => {
    const id = `${owner}/${key}`
    const former = shown.get(id)
    if (former !== undefined) set.delete(former)
    shown.delete(id)
    if (type === 'delete') return
    shown.set(id, `${id}=${String(value)}`)
    set.add(`${id}=${String(value)}`)
  })
  return set
}
