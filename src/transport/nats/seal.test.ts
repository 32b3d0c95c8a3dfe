import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Keyring } from '../../kernel/index.ts'
import { frameWith, headerBytes, natsKinds, readFrame } from './frames.ts'
import { plainSeal, SecretSeal } from './seal.ts'

const [old, young] = ['an old secret of good length', 'a young secret of good length']
const sender = '0102030405060708'
const text = 'said in confidence'

function seal(secrets: readonly string[]): SecretSeal {
  return new SecretSeal(new Keyring(secrets), { cluster: 'shop', sender })
}

function message(): Buffer {
  const header = { kind: natsKinds.data, isSealed: false, generation: 3, sender, sequence: 2 ** 33 }
  const frame = frameWith(header, text.length)
  frame.write(text, headerBytes)
  return frame
}

describe('SecretSeal', () => {
  it('hides the body from the broker and gives it back to who has the secret', () => {
    const closed = seal([young]).close(message(), 'x')
    assert.ok(!closed.includes(text))
    const frame = readFrame(closed)
    assert.deepEqual([frame.generation, frame.sequence, frame.sender], [3, 2 ** 33, sender])
    assert.equal(seal([young]).open(frame, 'x').toString(), text)
  })

  it('opens with any secret of the ring, so that secrets can be changed one node after another', () => {
    const closed = readFrame(seal([old]).close(message(), 'x'))
    assert.equal(seal([young, old]).open(closed, 'x').toString(), text)
    assert.throws(() => seal([young]).open(closed, 'x'), { code: 'FND_HANDSHAKE_REFUSED' })
  })

  it('refuses what was changed, or moved to another subject', () => {
    const closed = seal([young]).close(message(), 'x')
    assert.throws(() => seal([young]).open(readFrame(closed), 'y'), /changed on its way/)
    for (const at of [0, 2, 12, 17, closed.length - 1]) {
      const changed = Buffer.from(closed)
      changed[at] = (changed[at] ?? 0) ^ 4
      assert.throws(() => seal([young]).open(readFrame(changed), 'x'), {
        code: 'FND_HANDSHAKE_REFUSED',
      })
    }
  })

  it('never says the same twice', () => {
    const sealing = seal([young])
    assert.notDeepEqual(sealing.close(message(), 'x'), sealing.close(message(), 'x'))
  })

  it('and a node without it do not understand each other, and say why', () => {
    const closed = readFrame(seal([young]).close(message(), 'x'))
    assert.throws(() => plainSeal.open(closed, 'x'), /this node does not/)
    assert.throws(() => seal([young]).open(readFrame(message()), 'x'), /this node does/)
  })
})
