/** A process that runs out of what the system gives it: it goes on, and recovers. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import { allKnowEachOther, withCrew } from './crew.ts'

const skip =
  spawnSync('prlimit', ['--version']).status === 0 ? false : 'SKIPPED: there is no prlimit here'

describe('a process that has no file descriptor left', { skip }, () => {
  it('keeps its peers, and lets new ones in when it has some again', async () => {
    await withCrew(async (crew) => {
      const [ada, bell] = await crew.form(['ada', 'bell'])
      assert.ok(ada && bell)
      const [host, port] = (await ada.address()).split(':')
      const used = readdirSync(`/proc/${String(ada.pid)}/fd`).length
      const limit = String(used + 6)
      execFileSync('prlimit', ['--pid', String(ada.pid), `--nofile=${limit}:4096`])
      const strangers = Array.from({ length: 50 }, () => {
        const socket = connect({ host, port: Number(port), localAddress: '127.0.0.2' })
        return socket.on('error', () => undefined).resume()
      })
      try {
        await sleep(systemHost, 1_500)
        const { failed } = await bell.ask('ping', { target: 'ada', count: 50, intervalMs: 5 })
        assert.equal(failed, 0)
      } finally {
        for (const socket of strangers) socket.destroy()
      }
      execFileSync('prlimit', ['--pid', String(ada.pid), '--nofile=4096:4096'])
      const curie = await crew.hire('curie')
      await allKnowEachOther([ada, bell, curie])
      assert.deepEqual(bell.storyOf('ada'), ['member-up'])
      assert.deepEqual(ada.storyOf('bell'), ['member-up'])
    })
  })
})
