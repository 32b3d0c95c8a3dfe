import assert from 'node:assert/strict'
import { it } from 'node:test'
import { KnownText, knownTextMaxBytes, TextWatch } from './known-text.ts'

const texts = Array.from({ length: knownTextMaxBytes + 1 }, (_, length) =>
  'kettle'.repeat(6).slice(0, length),
)

function wireOf(text: string): Buffer {
  return Buffer.from([0xa0 | text.length, ...Buffer.from(text)])
}

it('KnownText: knows itself at any place, up to the last byte of the memory', () => {
  for (const text of texts) {
    const known = new KnownText(text)
    for (const [before, after] of [
      [0, 0],
      [1, 0],
      [3, 1],
      [0, 2],
      [5, 3],
      [0, 40],
    ] as const) {
      const bytes = [Buffer.alloc(before, 0x61), wireOf(text), Buffer.alloc(after, 0x62)]
      const view = new DataView(Uint8Array.from(Buffer.concat(bytes)).buffer)
      assert.ok(
        known.isAt(view, before),
        `"${text}" behind ${String(before)}, before ${String(after)}`,
      )
    }
  }
})

it('KnownText: knows nothing else', () => {
  for (const text of texts) {
    const known = new KnownText(text)
    const wire = wireOf(text)
    for (let at = 0; at < wire.length; at++) {
      for (const after of [0, 40]) {
        const bytes = Uint8Array.from(Buffer.concat([wire, Buffer.alloc(after)]))
        bytes[at] = (bytes[at] ?? 0) ^ 1
        assert.ok(!known.isAt(new DataView(bytes.buffer), 0), `"${text}" changed at ${String(at)}`)
      }
    }
    const short = Uint8Array.from(wire.subarray(0, -1))
    assert.ok(!known.isAt(new DataView(short.buffer), 0), `"${text}" cut short`)
  }
})

it('KnownText: writes itself, within its reach', () => {
  for (const text of texts) {
    const known = new KnownText(text)
    const bytes = new Uint8Array(48).fill(0xee)
    known.writeTo(new DataView(bytes.buffer), 2)
    assert.deepEqual(bytes.subarray(2, 2 + known.wireBytes), Uint8Array.from(wireOf(text)))
    assert.ok(known.reachBytes >= known.wireBytes && known.reachBytes < known.wireBytes + 4)
    assert.ok(bytes.subarray(2 + known.reachBytes).every((byte) => byte === 0xee))
  }
})

it('TextWatch: an id that nine nodes repeat is not worth to be known', () => {
  const watch = new TextWatch()
  for (let id = 0; id < 10; id++) {
    for (let node = 0; node < 9; node++) watch.saw(`id-${String(id)}`)
  }
  assert.equal(watch.known, undefined)
})
