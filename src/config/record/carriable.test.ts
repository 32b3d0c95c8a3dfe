import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeCommit } from '../commit/messages.ts'
import type { Proposal } from '../commit/transaction.ts'
import { recordBytes } from '../journal/journal-record.ts'
import { copied } from './carriable.ts'

const version = { wallMs: 5, counter: 0, writer: 'a', hash: 'h' }

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level++) value = { in: value }
  return value
}

function proposalOf(value: unknown): Proposal {
  const txid = { coordinator: 'a', incarnation: '1', counter: 1 }
  return {
    txid,
    participants: [],
    entries: [{ path: 'x', value, after: [] }],
    hash: '',
    timeoutMs: 1,
  }
}

describe('the value of a setting', () => {
  it('as deep as is taken goes into every message and record there is', () => {
    const value = nested(28)
    copied('x', value)
    const proposal = proposalOf(value)
    encodeCommit({ type: 'prepare', ...proposal })
    recordBytes({ type: 'vote', incarnation: '1', proposal })
    recordBytes({ type: 'setting', path: 'x', version, value: { value, verb: 'set', after: [] } })
  })

  it('that is deeper is refused with its path and what to do', () => {
    const message =
      /^The value of "x" is nested deeper than 28 levels; make several settings of it$/
    const refused = { code: 'FND_MESSAGE_INVALID', message }
    assert.throws(() => {
      copied('x', nested(29))
    }, refused)
    assert.throws(() =>
      recordBytes({ type: 'vote', incarnation: '1', proposal: proposalOf(nested(29)) }),
    )
  })
})
