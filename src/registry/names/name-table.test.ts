import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { NameTable } from './name-table.ts'
import type { HeldEntry } from '../../replication/index.ts'
import { compareRecords, recordOf } from './record.ts'

function heldBy(node: string, epoch: number, name = 'x'): HeldEntry {
  return { log: { owner: node, incarnation: '1' }, key: name, value: epoch }
}

const step = fc.record({
  node: fc.constantFrom('a', 'b', 'c'),
  name: fc.constantFrom('x', 'y'),
  epoch: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
})

describe('NameTable', () => {
  it('shows, after any changes, the winner of those who own the name now', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const table = new NameTable()
        const model = new Map<string, HeldEntry>()
        for (const { node, name, epoch } of steps) {
          const before = table.get(name)
          const owners = table.owners(name).map(({ log }) => log.owner)
          const change =
            epoch === undefined ? table.remove(name, node) : table.put(heldBy(node, epoch, name))
          assert.deepEqual(change.before, before)
          assert.deepEqual(change.after, table.get(name))
          assert.equal(change.isNewcomer, epoch !== undefined && !owners.includes(node))
          assert.equal(change.isContested, owners.length > 1 || table.owners(name).length > 1)
          if (epoch === undefined) model.delete(`${name} ${node}`)
          else model.set(`${name} ${node}`, heldBy(node, epoch, name))
        }
        for (const name of ['x', 'y']) {
          const owners = [...model.values()].filter(({ key }) => key === name)
          const ordered = owners.sort((a, b) => compareRecords(recordOf(a), recordOf(b)))
          assert.deepEqual(table.get(name), ordered[0])
          assert.deepEqual(table.owners(name), ordered)
        }
        const names = new Set([...model.values()].map(({ key }) => key))
        assert.equal(table.size, names.size)
        for (const node of ['a', 'b', 'c']) {
          const won = ['x', 'y'].filter((name) => table.get(name)?.log.owner === node)
          assert.equal(table.sizeOf(node), won.length)
        }
      }),
    )
  })
})
