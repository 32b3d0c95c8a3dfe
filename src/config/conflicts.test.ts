import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Conflicts, conflictMessage, type LostValue } from './conflicts.ts'
import { ConfigHistory } from './history.ts'

const lost: LostValue = {
  path: 'x',
  record: { value: 'left', verb: 'commit', txid: 't-1', after: [] },
  version: { wallMs: 1, counter: 0, writer: 'a', hash: '0' },
}

class Place {
  nowMs = 0
  peers = ['b']
  readonly sent: string[] = []
  readonly news: string[] = []
  readonly conflicts = new Conflicts({
    history: new ConfigHistory({ historyMax: 10, historyPerPathMax: 10 }),
    news: ({ type }) => this.news.push(type),
    winnerOf: () => undefined,
    host: { nowMs: () => this.nowMs },
    router: {
      send: (peer) => {
        this.sent.push(peer)
        return 'accepted'
      },
    },
    peers: () => this.peers,
  })
}

describe('Conflicts', () => {
  it('are told to the peers of who saw them, once', () => {
    const place = new Place()
    place.conflicts.found(lost)
    place.conflicts.found(lost)
    assert.deepEqual([place.sent, place.news], [['b'], ['config-conflict']])
  })

  it('are told to who is linked soon after, and not later', () => {
    const place = new Place()
    place.conflicts.found(lost)
    place.nowMs = 59_000
    place.conflicts.linkUp('c')
    place.nowMs = 61_000
    place.conflicts.linkUp('d')
    assert.deepEqual(place.sent, ['b', 'c'])
  })

  it('are not passed on by who was told', () => {
    const place = new Place()
    place.conflicts.heard(conflictMessage.encode(lost).subarray(1))
    place.conflicts.linkUp('c')
    assert.deepEqual([place.sent, place.news], [[], ['config-conflict']])
  })
})
