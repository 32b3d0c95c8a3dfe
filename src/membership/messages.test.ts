import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  introductionsMax,
  leavingMessage,
  memberListMessage,
  probeAckMessage,
  probeMessage,
  probeReportMessage,
  probeRequestMessage,
  refuteMessage,
  suspectMessage,
} from './messages.ts'

const invalid = { code: 'FND_FRAME_INVALID' }
const member = { name: 'a', incarnation: '1', addresses: ['h:1'] }

/** What every version of this protocol must send, in hex. */
const golden: Readonly<Record<string, Buffer>> = {
  '1081a76d656d626572739183a46e616d65a161ab696e6361726e6174696f6ea131a961646472657373657391a3683a31':
    memberListMessage.encode({ members: [member] }),
  '1181a2696407': probeMessage.encode({ id: 7 }),
  '1281a2696407': probeAckMessage.encode({ id: 7 }),
  '1383a2696407a6746172676574a162ab696e6361726e6174696f6ea131': probeRequestMessage.encode({
    id: 7,
    target: 'b',
    incarnation: '1',
  }),
  '1482a2696407a772656163686564c3': probeReportMessage.encode({ id: 7, reached: true }),
  '1582ab696e6361726e6174696f6ea131a7636f756e74657202': suspectMessage.encode({
    incarnation: '1',
    counter: 2,
  }),
  '1682ab696e6361726e6174696f6ea131a7636f756e74657203': refuteMessage.encode({
    incarnation: '1',
    counter: 3,
  }),
  '1781ab696e6361726e6174696f6ea131': leavingMessage.encode({ incarnation: '1' }),
}

describe('membership messages', () => {
  it('have the bytes they always had', () => {
    for (const [hex, bytes] of Object.entries(golden)) assert.equal(bytes.toString('hex'), hex)
  })

  it('refuse lists, names and addresses beyond their bounds', () => {
    const body = (value: { members: (typeof member)[] }): Buffer =>
      memberListMessage.encode(value).subarray(1)
    const many = Array.from({ length: introductionsMax + 1 }, () => member)
    assert.equal(
      memberListMessage.decode(body({ members: many.slice(1) })).members.length,
      introductionsMax,
    )
    assert.throws(() => memberListMessage.decode(body({ members: many })), invalid)
    const long = { ...member, name: 'x'.repeat(257) }
    assert.throws(() => memberListMessage.decode(body({ members: [long] })), invalid)
    const far = { ...member, addresses: Array.from({ length: 17 }, () => 'h:1') }
    assert.throws(() => memberListMessage.decode(body({ members: [far] })), invalid)
  })

  it('fit a control payload at their largest', () => {
    const largest = {
      name: 'x'.repeat(256),
      incarnation: 'y'.repeat(128),
      addresses: Array.from({ length: 16 }, () => 'z'.repeat(280)),
    }
    const members = Array.from({ length: introductionsMax }, () => largest)
    assert.ok(memberListMessage.encode({ members }).length < 256 * 1024)
  })

  it('refuse numbers that cannot be', () => {
    const body = probeMessage.encode({ id: -1 }).subarray(1)
    assert.throws(() => probeMessage.decode(body), invalid)
    assert.throws(() => suspectMessage.decode(Buffer.from([0xc1])), invalid)
  })
})
