/** For tests of the owner log: what its tests do over and over. */
import assert from 'node:assert/strict'
import { TestNetwork } from './network-fixtures.ts'

/** The space most tests write to. */
export const space = 'names'

/** Two nodes, a and b, linked. */
export function pair(options: Parameters<TestNetwork['add']>[1] = {}): TestNetwork {
  const network = new TestNetwork()
  network.add('a', options)
  network.add('b', options)
  network.link('a', 'b')
  return network
}

/** Collects the changes a node tells, as short texts. */
export function watch(network: TestNetwork, at: string): string[] {
  const changes: string[] = []
  network.node(at).log.watch(space, ({ cause, type, owner, key, value }) => {
    const shown = type === 'put' ? `=${String(value)}` : ''
    changes.push(`${cause} ${type} ${owner}/${key}${shown}`)
  })
  return changes
}

/** Bodies of the messages of one kind that a node has sent. */
export function sent(network: TestNetwork, from: string, code: number): Uint8Array[] {
  return network.seen
    .filter((message) => message.from === from && message.payload[0] === code)
    .map(({ payload }) => payload.subarray(1))
}

/** Loses the next message of one kind. */
export async function loseOne(network: TestNetwork, code: number, act: () => void): Promise<void> {
  let isLost = false
  network.fate = ({ payload }) => {
    if (isLost || payload[0] !== code) return 'accepted'
    isLost = true
    return 'lost'
  }
  act()
  await network.host.advance(20)
  assert.ok(isLost)
  network.fate = () => 'accepted'
}

/** A message from a, whatever it says of itself. */
export function deliver(network: TestNetwork, to: string, payload: Uint8Array): void {
  network.node(to).router.receive({ from: 'a', class: 'control', epoch: 1, sequence: 1, payload })
}

/** A node holds exactly what the owner says. */
export function assertAgree(network: TestNetwork, owner: string, at: string): void {
  const own = network.state(owner, owner)
  const held = network.state(at, owner)
  assert.deepEqual({ ...held, state: '' }, { ...own, state: '' })
  assert.equal(held?.state, 'known')
}
