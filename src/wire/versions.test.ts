import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonVersion, noCommonVersion, type VersionRange } from './versions.ts'

const range = (lowest: number, highest: number): VersionRange => ({ lowest, highest })

describe('commonVersion', () => {
  it('is the highest of both ranges, the same from both sides', () => {
    assert.equal(commonVersion(range(1, 3), range(2, 5)), 3)
    assert.equal(commonVersion(range(2, 5), range(1, 3)), 3)
    assert.equal(commonVersion(range(1, 1), range(1, 9)), 1)
  })

  it('is undefined for ranges that do not overlap', () => {
    assert.equal(commonVersion(range(1, 2), range(3, 4)), undefined)
    assert.equal(commonVersion(range(3, 4), range(1, 2)), undefined)
  })
})

describe('noCommonVersion', () => {
  it('says whom to update, whoever asks', () => {
    const old = { name: 'old', protocol: range(1, 1) }
    const fresh = { name: 'fresh', protocol: range(2, 3) }
    const sentence =
      'Node "old" speaks protocol 1 and node "fresh" 2 to 3: they share no version; update "old"'
    assert.equal(noCommonVersion(old, fresh), sentence)
    assert.equal(noCommonVersion(fresh, old), sentence)
  })
})
