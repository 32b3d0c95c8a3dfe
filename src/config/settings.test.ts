import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { silentLog } from '../kernel/index.ts'
import {
  compareVersions,
  type MapListener,
  type MapSpace,
  type Version,
} from '../replication/index.ts'
import { tokensOf } from './record/path.ts'
import { Settings, type KeptSetting, type SettingChange } from './settings.ts'
import { withValue } from './tree.ts'

/** A space of one node: of two records the newer one stays. */
class LoneSpace {
  readonly cells: Map<string, { value: unknown; version: Version }> = new Map()
  #listener: MapListener = () => undefined
  #lastMs = 0

  get space(): MapSpace {
    return {
      get: (key) => this.cells.get(key),
      entries: () => this.cells.entries(),
      versionOf: (key) => this.cells.get(key)?.version,
      put: (key, value) => this.#write(key, value),
      delete: (key) => this.#write(key, undefined),
      requireRoom: () => undefined,
      adopt: (key, value, version) => this.adopt(key, value, { ...version, hash: '' }),
      adoptHere: (key, value, version) => this.adopt(key, value, { ...version, hash: '' }),
      spread: () => undefined,
      watch: (listener) => {
        this.#listener = listener
        return () => undefined
      },
      acknowledged: () => Promise.resolve(),
      isSynced: true,
      synced: () => Promise.resolve(),
    }
  }

  adopt(key: string, value: unknown, version: Version): boolean {
    const former = this.cells.get(key)
    if (former && compareVersions(former.version, version) >= 0) return false
    this.cells.set(key, { value, version })
    this.#listener({ key, value, previous: former?.value, version, isOwn: true })
    return true
  }

  #write(key: string, value: unknown): Version {
    this.#lastMs += 1
    const version = { wallMs: this.#lastMs, counter: 0, writer: 'a', hash: '' }
    this.adopt(key, value, version)
    return version
  }
}

function settingsOver(
  lone: LoneSpace,
  defaults?: Record<string, unknown>,
): {
  settings: Settings
  changes: SettingChange[]
  lost: { path: string; loser: KeptSetting }[]
} {
  const changes: SettingChange[] = []
  const lost: { path: string; loser: KeptSetting }[] = []
  const deps = {
    space: lone.space,
    log: silentLog,
    changed: (change: SettingChange) => changes.push(change),
    lost: (path: string, loser: KeptSetting) => lost.push({ path, loser }),
  }
  return { settings: new Settings(deps, defaults), changes, lost }
}

describe('Settings', () => {
  it('are the same on every node that has the same records, in whatever order they came', () => {
    const paths = fc.constantFrom('a', 'a.b', 'a.b.c', 'a.d', 'e', 'e.f')
    const writes = fc.uniqueArray(
      fc.record({ path: paths, at: fc.nat(30), isDeletion: fc.boolean() }),
      { selector: ({ at }) => at, minLength: 1, maxLength: 15 },
    )
    fc.assert(
      fc.property(writes, fc.func(fc.nat()), (given, rank) => {
        const defaults = { a: { b: 'default' }, e: 'default' }
        const trees = [given, given.toSorted((x, y) => rank(x.at) - rank(y.at))].map((order) => {
          const lone = new LoneSpace()
          const { settings } = settingsOver(lone, defaults)
          for (const { path, at, isDeletion } of order) {
            const record = isDeletion ? undefined : { value: at, verb: 'set', after: [] }
            lone.adopt(path, record, { wallMs: at, counter: 0, writer: 'a', hash: '' })
          }
          assert.deepEqual(settings.tree, laidInOrder(lone, defaults))
          return settings.tree
        })
        assert.deepEqual(trees[0], trees[1])
      }),
      { numRuns: 500 },
    )
  })

  it('as they would be are as they will be', () => {
    const { settings } = settingsOver(new LoneSpace(), { a: { b: 'default' } })
    settings.set('a.b.c', 1)
    const changes = new Map<string, unknown>([
      ['a.b.c', undefined],
      ['x', 2],
    ])
    const would = settings.treeWith(settings.entriesFor(changes))
    for (const [path, value] of changes) settings.set(path, value)
    assert.deepEqual(would, settings.tree)
    assert.deepEqual(would, { a: { b: 'default' }, x: 2 })
  })

  it('delete what stands below a deleted path with it', () => {
    const { settings } = settingsOver(new LoneSpace(), { a: { b: 1 } })
    settings.set('a.b', 2)
    settings.set('a.c', 3)
    settings.set('a', undefined)
    assert.deepEqual(settings.tree, { a: { b: 1 } })
    assert.equal(settings.size, 0)
  })

  it('are committed as they arrive elsewhere', () => {
    const { settings } = settingsOver(new LoneSpace())
    const [entry] = settings.entriesFor(new Map([['x', -0]]))
    assert.ok(Object.is(entry?.value, 0))
  })

  it('share nothing with the caller, and cannot be changed by a reader', () => {
    const { settings } = settingsOver(new LoneSpace())
    const value = { list: [1] }
    const [entry] = settings.entriesFor(new Map([['x', value]]))
    value.list.push(2)
    assert.deepEqual(entry?.value, { list: [1] })
    settings.set('x', { list: [1] })
    assert.throws(() => {
      ;(settings.get('x') as typeof value).list.push(3)
    }, TypeError)
  })

  it('tell of a committed value that lost, not of one that was followed or only set', () => {
    const lone = new LoneSpace()
    const { lost } = settingsOver(lone)
    const at = (wallMs: number, writer = 'a'): Version => ({ wallMs, counter: 0, writer, hash: '' })
    lone.adopt('x', { value: 1, verb: 'commit', after: [] }, at(1))
    lone.adopt('x', { value: 2, verb: 'commit', after: ['1.0.a'] }, at(2))
    assert.equal(lost.length, 0)
    lone.adopt('x', { value: 3, verb: 'set', after: ['1.0.a'] }, at(3, 'b'))
    assert.deepEqual(
      lost.map(({ loser }) => loser.record.value),
      [2],
    )
    lone.adopt('x', { value: 4, verb: 'set', after: [] }, at(4, 'c'))
    assert.equal(lost.length, 1)
  })

  it('leave a record alone that is none', () => {
    const lone = new LoneSpace()
    const { settings } = settingsOver(lone, { x: 'own' })
    lone.adopt('x', 'not a record', { wallMs: 1, counter: 0, writer: 'a', hash: '' })
    assert.equal(settings.get('x'), 'own')
  })
})

/** The same in the plainest way. */
function laidInOrder(lone: LoneSpace, defaults: unknown): unknown {
  return [...lone.cells]
    .filter(([, { value }]) => value !== undefined)
    .toSorted((a, b) => compareVersions(a[1].version, b[1].version))
    .reduce(
      (tree, [key, { value }]) =>
        withValue(tree, tokensOf(key), (value as { value: unknown }).value),
      defaults,
    )
}
