/** Who may join: the right secret, the right app, the right certificate, and how secrets change. */
import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, it } from 'node:test'
import {
  authority,
  skipWithoutOpenssl,
} from '../../src/transport/mesh/certificate-fixtures.test.ts'
import { sleep, systemHost } from '../../src/kernel/index.ts'
import { allKnowEachOther, eventually, withCrew, type Worker } from './crew.ts'
import type { Failure } from './orders.ts'

const [old, fresh] = ['the secret of yesterday, long enough', 'the secret of tomorrow, long enough']

function troubles(worker: Worker): Failure[] {
  return worker.events.flatMap(({ event }) => event.failure ?? [])
}

function repeated(worker: Worker): string[] {
  const messages = troubles(worker).map(({ message }) => message)
  return messages.filter((message, index) => messages.indexOf(message) !== index)
}

/** Neither in what it logs at any level, nor in its events, its status or its command line. */
async function assertSecretIsNowhere(worker: Worker): Promise<void> {
  const status = JSON.stringify(await worker.ask('status', {}))
  const commandLine = await readFile(`/proc/${String(worker.pid)}/cmdline`, 'utf8').catch(() => '')
  const said = [worker.log, JSON.stringify(worker.events), status, commandLine].join('\n')
  for (const secret of [old, fresh]) {
    for (const form of ['utf8', 'base64', 'hex'] as const) {
      assert.ok(!said.includes(Buffer.from(secret).toString(form)), 'the secret is not shown')
    }
  }
  assert.match(worker.log, /debug/, 'it did log')
}

describe('two nodes of one app with different secrets', () => {
  it('do not join; both say what to compare, once', async (t) => {
    await withCrew(async (crew) => {
      // The registry folder shows them each other; gossip would not even be readable.
      const chatty = { env: { FOUNDATION_LOG: 'debug' } }
      const ada = await crew.hire('ada', { secret: old }, chatty)
      const bell = await crew.hire('bell', { secret: fresh }, chatty)
      const isTold = (worker: Worker): boolean =>
        troubles(worker).some(
          ({ message }) => /secret/.test(message) && /fingerprint/.test(message),
        )
      await eventually('both were told', 15_000, () => isTold(ada) && isTold(bell))
      // Long enough for several more tries.
      await sleep(systemHost, 4_000)
      for (const worker of [ada, bell]) {
        assert.deepEqual(await worker.view(), {})
        assert.deepEqual(worker.storyOf('ada').concat(worker.storyOf('bell')), [])
        for (const { message } of troubles(worker)) t.diagnostic(`${worker.name}: ${message}`)
        assert.deepEqual(repeated(worker), [])
        await assertSecretIsNowhere(worker)
      }
    })
  })
})

describe('nodes of different apps with one secret', () => {
  it('ignore each other', async () => {
    await withCrew(async (crew) => {
      const ada = await crew.hire('ada', { secret: old })
      const bell = await crew.hire('bell', { secret: old, app: `${crew.app}-other` })
      // A third node proves that discovery had its time.
      const curie = await crew.hire('curie', { secret: old })
      await allKnowEachOther([ada, curie])
      await sleep(systemHost, 2_000)
      assert.deepEqual(await bell.view(), {})
      assert.deepEqual(Object.keys(await ada.view()), ['curie'])
      assert.deepEqual([ada, bell, curie].flatMap(troubles), [])
    })
  })
})

describe('a secret that is changed', () => {
  it('one node after another, in three rounds, costs no link of the others and no message', async () => {
    await withCrew(async (crew) => {
      const names = ['ada', 'bell', 'curie']
      let crewNow = await crew.form(names, { secret: [old] })
      for (const worker of crewNow) await worker.ask('subscribe', { topic: 'events.flow' })
      for (const secret of [[old, fresh], [fresh, old], [fresh]]) {
        for (const [index, leaving] of [...crewNow.entries()]) {
          const others = crewNow.filter((worker) => worker !== leaving)
          const replacing = (async () => {
            await leaving.ask('stop', {})
            await leaving.kill()
            const next = await crew.hire(leaving.name, { secret })
            await allKnowEachOther([...others, next])
            await next.ask('subscribe', { topic: 'events.flow' })
            return next
          })()
          await assertMessagesFlow(others)
          crewNow = crewNow.with(index, await replacing)
          for (const other of others) {
            assert.ok(!other.storyOf(leaving.name).includes('member-down'), 'it left, nothing else')
          }
        }
      }
    })
  })
})

/** Messages of the first of two nodes arrive at the second, all of them. */
async function assertMessagesFlow([from, to]: readonly Worker[]): Promise<void> {
  assert.ok(from && to)
  const key = `${from.name} events`
  const count = async (): Promise<number> => (await to.ask('received', {}))[key]?.count ?? 0
  const before = await count()
  const many = { topic: 'events.flow', count: 60, bytes: 100, pauseMs: 10 }
  const { rejected } = await from.ask('publish', { ...many, mode: 'one by one' })
  assert.deepEqual(rejected, {})
  await eventually('every message arrives', 5_000, async () => (await count()) === before + 60)
  assert.equal((await to.ask('received', {}))[key]?.lost, 0)
}

describe('the file of the secret', () => {
  it('is made once by three processes that start at the same time, for its owner only', async () => {
    await withCrew(async (crew) => {
      const workers = await crew.form(['ada', 'bell', 'curie'])
      const prints = await Promise.all(
        workers.map(async (worker) => (await worker.ask('status', {})).secret?.fingerprint),
      )
      assert.equal(new Set(prints).size, 1)
      const folder = path.join(crew.folder, 'foundation')
      assert.equal((await stat(path.join(folder, 'secret'))).mode & 0o777, 0o600)
      const drafts = (await readdir(folder)).filter((name) => name.endsWith('.tmp'))
      assert.deepEqual(drafts, [])
    })
  })

  it('is refused when others can read it, and the error has the command that helps', async () => {
    await withCrew(async (crew) => {
      const file = path.join(crew.folder, 'foundation', 'secret')
      await mkdir(path.dirname(file))
      await writeFile(file, `${old}\n`)
      await chmod(file, 0o640)
      await assert.rejects(crew.hire('ada'), { code: 'FND_SECRET_INVALID', message: /chmod 600 / })
      await chmod(file, 0o600)
      await crew.hire('bell')
    })
  })
})

describe('certificates instead of a secret', { skip: skipWithoutOpenssl }, () => {
  it('link nodes whose names are in them, and nobody else', async (t) => {
    const { ca, ...issuer } = await authority()
    await withCrew(async (crew) => {
      const ada = await crew.hire('ada', { tls: { ...(await issuer.issue('DNS:ada')), ca } })
      const bell = await crew.hire('bell', { tls: { ...(await issuer.issue('DNS:bell')), ca } })
      await allKnowEachOther([ada, bell])
      const { code } = await ada.ask('call', { target: 'bell', workMs: 0, timeoutMs: 5_000 })
      assert.equal(code, undefined)
      const wrong = { ...(await issuer.issue('DNS:somebody-else')), ca }
      await assert.rejects(crew.hire('eve', { tls: wrong }), (error: Error) => {
        t.diagnostic(error.message)
        return /certificate|SAN|name/i.test(error.message)
      })
      assert.deepEqual(Object.keys(await ada.view()), ['bell'])
      // One of another authority starts, and is turned away.
      const other = await authority()
      const stranger = { ...(await other.issue('DNS:mallory')), ca: other.ca }
      const mallory = await crew.hire('mallory', { tls: stranger })
      await eventually('mallory is told', 15_000, () =>
        troubles(mallory).some(({ message }) => /certificate/.test(message)),
      )
      assert.deepEqual(Object.keys(await ada.view()), ['bell'])
      assert.deepEqual(await mallory.view(), {})
    })
  })
})
