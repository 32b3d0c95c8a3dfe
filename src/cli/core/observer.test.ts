import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FoundationNode } from '../../node/index.ts'
import { askEveryone } from './observer.ts'

const everybody = ['ada', 'bell'].map((name) => ({ name, status: 'alive', roles: [] }))

/** An observer that reaches `reached(look)` nodes at its looks; each of them sees everybody. */
function observer(reached: (look: number) => number): FoundationNode {
  let looks = 0
  const node = {
    name: 'observer',
    members: () => everybody.slice(0, reached((looks += 1))),
    rpc: {
      multicall: (_name: string, _ask: unknown, { nodes }: { nodes: string[] }) =>
        Promise.resolve(nodes.map((each) => ({ node: each, value: { members: everybody } }))),
    },
  }
  return node as unknown as FoundationNode
}

describe('who looks at a cluster', () => {
  it('asks until all have answered whom others see', async () => {
    const answers = await askEveryone(
      observer((look) => look),
      20_000,
    )
    assert.deepEqual(
      answers.map(({ node }) => node),
      ['ada', 'bell'],
    )
  })

  it('gives up on those it does not reach in time', async () => {
    const answers = await askEveryone(
      observer(() => 1),
      120,
    )
    assert.deepEqual(
      answers.map(({ node }) => node),
      ['ada'],
    )
  })
})
