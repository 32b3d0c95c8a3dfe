import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FoundationError, silentLog, telemetryTo } from '../../kernel/index.ts'
import { Announcer } from './announcer.ts'
import type { MembershipEvent } from './member.ts'
import { MemberTable } from './member-table.ts'

function announcing(listen: (event: MembershipEvent, announcer: Announcer) => void): {
  announcer: Announcer
  telemetry: string[]
} {
  const telemetry: string[] = []
  const announcer: Announcer = new Announcer({
    news: (event) => {
      listen(event, announcer)
    },
    memberOf: (record) => ({
      ...peer,
      status: record.status,
      provenance: record.provenance,
      isSelf: false,
    }),
    log: silentLog,
    telemetry: telemetryTo(({ event }) => telemetry.push(event)),
  })
  return { announcer, telemetry }
}

const error = new FoundationError('FND_NAME_IN_USE', 'taken')
const peer = { name: 'a', incarnation: '1', cluster: 'c', addresses: [], roles: [], meta: {} }

describe('Announcer', () => {
  it('tells in order, also what a listener causes', () => {
    const told: string[] = []
    const table = new MemberTable({ membersMax: 4, keepEndedForMs: 1 })
    const { announcer, telemetry } = announcing((event, self) => {
      if (event.type === 'member-up') self.announce(table.down('a', 'disconnected', 1))
      told.push(event.type)
    })
    announcer.announce([...table.up(peer, [], 0), ...table.suspect('a', 'silent', 0)])
    assert.deepEqual(told, ['member-up', 'member-suspect', 'member-down'])
    assert.deepEqual(telemetry, [
      'membership.member.up',
      'membership.member.suspect',
      'membership.member.down',
    ])
  })

  it('goes on when a listener throws', () => {
    const told: string[] = []
    const { announcer } = announcing((event) => {
      told.push(event.type)
      throw new Error('listener')
    })
    announcer.trouble(error)
    announcer.trouble(error)
    assert.deepEqual(told, ['trouble', 'trouble'])
  })

  it('makes trouble of a refusal, but not of a second node with the name of a member', () => {
    const codes: string[] = []
    const { announcer } = announcing((event) => {
      if (event.type === 'trouble') codes.push(event.error.code)
    })
    for (const reason of ['auth', 'version', 'name_in_use'] as const) {
      announcer.refused({ address: 'h:1', reason, message: reason })
    }
    assert.deepEqual(codes, ['FND_HANDSHAKE_REFUSED', 'FND_VERSION_UNSUPPORTED'])
  })
})
