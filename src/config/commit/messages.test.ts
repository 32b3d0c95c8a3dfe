/** The bytes of a commit, which never change. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { traceBlock } from '../../wire/index.ts'
import { commitReaders, encodeCommit, type CommitMessage } from './messages.ts'

const txid = { coordinator: 'a', incarnation: '1', counter: 7 }
const txidHex = '83ab636f6f7264696e61746f72a161ab696e6361726e6174696f6ea131a7636f756e74657207'
const version = { wallMs: 5, counter: 0, writer: 'a' }
const versionHex = '83a677616c6c4d7305a7636f756e74657200a6777269746572a161'
const refusal = { kind: 'validator', node: 'b', reason: 'no' } as const
const refusalHex = '83a46b696e64a976616c696461746f72a46e6f6465a162a6726561736f6ea26e6f'

const golden: readonly [CommitMessage, string][] = [
  [{ type: 'vote', txid, hash: 'h' }, `8182a474786964${txidHex}a468617368a168`],
  [
    { type: 'vote', txid, hash: 'h', refusal },
    `8183a474786964${txidHex}a468617368a168a77265667573616c${refusalHex}`,
  ],
  [
    { type: 'decision', txid, hash: 'h', outcome: { type: 'commit', version } },
    `8283a474786964${txidHex}a468617368a168a76f7574636f6d6582a474797065a6636f6d6d6974a776657273696f6e${versionHex}`,
  ],
  [{ type: 'ack', txid }, `8381a474786964${txidHex}`],
  [
    { type: 'inquiry', txid, incarnation: '2' },
    `8482a474786964${txidHex}ab696e6361726e6174696f6ea132`,
  ],
  [
    { type: 'answer', txid, outcome: { type: 'abort', refusal } },
    `8582a474786964${txidHex}a76f7574636f6d6582a474797065a561626f7274a77265667573616c${refusalHex}`,
  ],
]

const prepare: CommitMessage = {
  type: 'prepare',
  txid,
  participants: [{ name: 'a', incarnation: '1' }],
  entries: [{ path: 'x', value: true, base: { ...version, hash: 'h' }, after: ['4.0.a'] }],
  hash: 'h',
  timeoutMs: 9,
}

function read(payload: Buffer): CommitMessage | undefined {
  return commitReaders.find(({ code }) => code === payload[0])?.read(payload.subarray(1))
}

describe('the bytes of a commit', () => {
  for (const [message, hex] of golden) {
    it(`are the same as ever: ${message.type}`, () => {
      assert.equal(encodeCommit(message).toString('hex'), hex)
    })
  }

  it('come back as they went', () => {
    for (const message of [...golden.map(([each]) => each), prepare]) {
      assert.deepEqual(read(encodeCommit(message)), message)
    }
    const traced = { ...prepare, trace: traceBlock({ correlationId: 'r', traceparent: '00-1' }) }
    assert.deepEqual(read(encodeCommit(traced)), traced)
    const deletion = { ...prepare, entries: [{ path: 'x', after: [] }] }
    assert.deepEqual(read(encodeCommit(deletion)), deletion)
  })

  it('are refused when they are neither a commit nor an abort', () => {
    const outcome = { type: 'commit' } as never
    const payload = encodeCommit({ type: 'decision', txid, hash: 'h', outcome })
    assert.throws(() => read(payload), { code: 'FND_FRAME_INVALID' })
  })
})
