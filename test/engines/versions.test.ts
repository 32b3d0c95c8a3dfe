/**
 * Two versions of the wire protocol in one cluster. This build speaks version 1 only; here some
 * nodes are told to speak others, as the next release will.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Counter } from '../../src/cli/demo/worker/services.ts'
import type { FoundationNode } from '../../src/index.ts'
import { until } from '../../src/testing/waiting/until.ts'
import type { VersionRange } from '../../src/wire/index.ts'
import { engines, Fleet, inMemory, withTrio, type Ground } from './engines.ts'
import {
  configStories,
  eventStories,
  pubsubStories,
  registryStories,
  rpcStories,
  supervisorStories,
} from './stories.ts'
import { Upgrade } from './upgrade.ts'

const range = (lowest: number, highest: number): VersionRange => ({ lowest, highest })
const old = range(1, 1)
const fresh = range(1, 2)

const stories = {
  ...pubsubStories,
  ...rpcStories,
  ...registryStories,
  ...supervisorStories,
  ...eventStories,
  ...configStories,
}

/** The version a node speaks with each of its peers. */
function spoken(node: FoundationNode): Record<string, number> {
  return Object.fromEntries(node.status().links.map(({ peer, protocol }) => [peer, protocol]))
}

const pairs: readonly (readonly [VersionRange, VersionRange, number])[] = [
  [old, old, 1],
  [old, fresh, 1],
  [fresh, old, 1],
  [fresh, fresh, 2],
  [range(2, 3), fresh, 2],
]

const strangers = [
  [range(2, 2), old],
  [old, range(2, 2)],
] as const

const names = ['a', 'b', 'c']
/** Of both sides of the three links, once the first, the second and the third node are new. */
const versionsAfter = [
  [1, 1, 1, 1, 1, 1],
  [1, 1, 1, 1, 2, 2],
  [2, 2, 2, 2, 2, 2],
]

function textOf({ lowest, highest }: VersionRange): string {
  return `${String(lowest)}..${String(highest)}`
}

for (const engine of [...engines, inMemory]) {
  describe(`versions of the protocol on ${engine.name}`, { skip: engine.missing ?? false }, () => {
    let ground: Ground
    before(async () => {
      ground = await engine.open()
    })
    after(() => ground.stop())

    async function withFleet(run: (fleet: Fleet) => Promise<void>): Promise<void> {
      const fleet = new Fleet(ground, { services: { Counter } })
      try {
        await run(fleet)
      } finally {
        await fleet.stop()
      }
    }

    for (const [first, second, expected] of pairs) {
      it(`${textOf(first)} and ${textOf(second)} speak ${String(expected)}`, () =>
        withFleet(async (fleet) => {
          const a = await fleet.add('a', first)
          const b = await fleet.add('b', second)
          await fleet.ready()
          assert.deepEqual([spoken(a), spoken(b)], [{ b: expected }, { a: expected }])
        }))
    }

    for (const [dialler, listener] of strangers) {
      it(`${textOf(dialler)} that dials ${textOf(listener)} is told whom to update`, () =>
        withFleet(async (fleet) => {
          const a = await fleet.start('a', dialler)
          const b = await fleet.start('b', listener)
          const troubles: string[] = []
          b.on('trouble', ({ error }) => troubles.push(`${error.code} ${error.message}`))
          const whom = dialler === old ? /update "a"/ : /update "b"/
          const refusal = { code: 'FND_VERSION_UNSUPPORTED', message: whom }
          await assert.rejects(a.connect(b.self.addresses[0] ?? ''), refusal)
          await until('the other one says so too', () => troubles.length > 0)
          assert.match(troubles[0] ?? '', /^FND_VERSION_UNSUPPORTED/)
          assert.match(troubles[0] ?? '', whom)
        }))
    }

    describe('an old node and two new ones', () => {
      for (const [title, { options = {}, tell }] of Object.entries(stories)) {
        it(title, () =>
          withTrio(ground, { options, protocols: { a: old, b: fresh, c: fresh } }, (trio) => {
            assert.deepEqual(spoken(trio.b), { a: 1, c: 2 })
            return tell(trio)
          }),
        )
      }
    })

    it('an upgrade of one node after the other loses nothing that was acknowledged', () =>
      withFleet(async (fleet) => {
        const upgrade = new Upgrade(fleet)
        for (const name of names) await fleet.add(name, old)
        await fleet.ready()
        await upgrade.begin()
        for (const [at, name] of names.entries()) {
          await upgrade.replace(name, fresh)
          const versions = fleet.nodes.flatMap((node) => Object.values(spoken(node))).toSorted()
          assert.deepEqual(versions, versionsAfter[at])
        }
        await upgrade.finish()
      }))
  })
}
