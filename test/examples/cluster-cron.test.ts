/** examples/cluster-cron: once each time, through a hand-over and a death. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { eventually } from '../process/crew.ts'
import type { Running } from '../process/project.ts'
import { describeOnEachNode, startExample } from './example.ts'

interface Run {
  readonly slot: number
  readonly by: string
  readonly inARow: number
}

function runsSeenBy({ stdout }: Running): Run[] {
  return [...stdout.matchAll(/^run (\d+) by (\S+), (\d+) in a row$/gm)].map(
    ([, slot, by, inARow]) => ({ slot: Number(slot), by: by ?? '', inARow: Number(inARow) }),
  )
}

describeOnEachNode('examples/cluster-cron', (withProject) => {
  it('runs once each time, hands its state over, and survives the death of its node', async () => {
    await withProject(async (project) => {
      const names = ['ada', 'bell', 'carl']
      const nodes = new Map(
        names.map((name) => [
          name,
          startExample(project, 'cluster-cron/cron.mjs', { args: ['300'], name }),
        ]),
      )
      const last = (): Run | undefined =>
        [...nodes.values()].flatMap(runsSeenBy).toSorted(bySlot).at(-1)
      const goesOn = async (what: string, matches: (run: Run) => boolean): Promise<Run> => {
        await eventually(what, 30_000, () => {
          const run = last()
          return run !== undefined && matches(run)
        })
        return last() as Run
      }

      const first = await goesOn('three runs', ({ inARow }) => inARow >= 3)
      nodes.get(first.by)?.signal('SIGTERM')
      const second = await goesOn('runs elsewhere', ({ by }) => by !== first.by)
      assert.ok(second.inARow > 3, 'the count was handed over')

      nodes.get(second.by)?.kill()
      const [survivor] = names.filter((name) => name !== first.by && name !== second.by)
      await goesOn('runs on the last node', ({ by }) => by === survivor)
      const lastNode = nodes.get(survivor ?? '')
      const anew = lastNode && runsSeenBy(lastNode).find(({ by }) => by === survivor)
      assert.equal(anew?.inARow, 1, 'after a crash the count begins again')

      for (const node of nodes.values()) {
        const slots = runsSeenBy(node).map(({ slot }) => slot)
        assert.equal(new Set(slots).size, slots.length, `no run twice: ${slots.join(' ')}`)
      }
    })
  })
})

function bySlot(a: Run, b: Run): number {
  return a.slot - b.slot
}
