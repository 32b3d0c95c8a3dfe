import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FoundationError, silentTelemetry, silentLog, systemHost } from '../../kernel/index.ts'
import { Claims } from './claims.ts'
import { NameTable } from './name-table.ts'
import { OwnedNames } from './owned-names.ts'
import { View } from './view.ts'

/** The names of a node that decides on all of them itself. Every look at the clock takes a millisecond. */
function ownedAlone(): OwnedNames {
  let looks = 0
  const host = { ...systemHost, nowMs: () => looks++ }
  const self = { name: 'alone', incarnation: '1' }
  const view = new View([{ ...self, isObserver: false }], self.name)
  const claims: Claims = new Claims(
    {
      view: () => view,
      nowMs: host.nowMs,
      send: (_, kind, { id }) => {
        if (kind === 'claims') claims.verdict(self.name, { id, kind: 'granted', epoch: 1 })
      },
    },
    { claimResendAfterMs: 1_000, claimsMax: 1_000, grantKeepMs: 10_000 },
  )
  let sequence = 0
  const next = (): number => ++sequence
  return new OwnedNames(
    {
      ...{ host, self, claims, log: silentLog, telemetry: silentTelemetry },
      ownerLog: {
        ...{ put: next, delete: next, fence: () => undefined, sequence: 0 },
        ...{ acknowledged: () => Promise.resolve(), isKnown: () => true, heldBy: () => 0 },
      },
      table: new NameTable(),
      view: () => view,
      services: { serve: () => undefined, remove: () => undefined },
      sendState: () => Promise.resolve(),
      release: () => undefined,
    },
    { claimsMax: 1_000, registerTimeoutMs: 60_000, conflictGraceMs: 1_000, metaMaxBytes: 1_000 },
  )
}

describe('OwnedNames', () => {
  it('lets the event loop have its turns while somebody registers name after name', async () => {
    const owned = ownedAlone()
    let turns = 0
    let next = setImmediate(function count() {
      turns += 1
      next = setImmediate(count)
    })
    for (let at = 0; at < 100; at += 1) {
      await owned.register({ name: `name-${String(at)}`, service: undefined, options: {} })
    }
    clearImmediate(next)
    assert.ok(turns > 10, `${String(turns)} turns`)
  })

  it('fails registrations whose turn has not come when the node stops', async () => {
    const owned = ownedAlone()
    const all = Array.from({ length: 50 }, (_, at) =>
      owned.register({ name: `name-${String(at)}`, service: undefined, options: {} }),
    )
    owned.stop(new FoundationError('FND_NOT_RUNNING', 'stopped'))
    await Promise.allSettled(all)
    assert.equal((await all[0])?.name, 'name-0')
    await assert.rejects(Promise.all(all), { code: 'FND_NOT_RUNNING' })
  })
})
