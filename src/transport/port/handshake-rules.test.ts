import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { dialStays, isOvertaken, nextEpoch, screen, type Party } from './handshake-rules.ts'

const party = (name: string, more: Partial<Party['identity']> = {}): Party => ({
  identity: {
    ...{ name, incarnation: `${name}-1`, cluster: 'shop', addresses: [], roles: [], meta: {} },
    ...more,
  },
  protocol: { lowest: 1, highest: 2 },
})

describe('two nodes that are about to be linked', () => {
  it('speak the highest version both know', () => {
    const old = { ...party('bob'), protocol: { lowest: 1, highest: 1 } }
    assert.equal(screen(party('ann'), party('bob')), 2)
    assert.equal(screen(party('ann'), old), 1)
  })

  it('are refused when they share no version, are of two clusters, or are one and the same', () => {
    const reasonOf = (peer: Party): unknown => {
      const verdict = screen(party('ann'), peer)
      return typeof verdict === 'number' ? verdict : verdict.reason
    }
    assert.equal(reasonOf({ ...party('bob'), protocol: { lowest: 3, highest: 4 } }), 'version')
    assert.equal(reasonOf(party('bob', { cluster: 'bank' })), 'cluster_mismatch')
    assert.equal(reasonOf(party('ann')), 'self')
    // A namesake is for admission to judge.
    assert.equal(reasonOf(party('ann', { incarnation: 'ann-2' })), 2)
  })

  it('keep exactly one of two dials that cross', () => {
    const names = fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 2 })
    fc.assert(
      fc.property(names, ([a = '', b = '']) => {
        assert.notEqual(dialStays(a, b), dialStays(b, a))
      }),
    )
  })

  it('agree on an epoch that no link of either has had', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (ours, theirs) => {
        const epoch = nextEpoch(ours, theirs)
        assert.equal(epoch, nextEpoch(theirs, ours))
        assert.ok(!isOvertaken(epoch, ours) && !isOvertaken(epoch, theirs))
        assert.ok(isOvertaken(epoch, epoch) && isOvertaken(epoch, epoch + 1))
      }),
    )
  })
})
