/** Settings of real processes: a flag changed everywhere or nowhere, and what a file brings back. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { needs } from '../ground/processes.ts'
import { allKnowEachOther, eventually, withCrew, type Worker } from './crew.ts'

const names = ['ada', 'bell', 'curie']
const patienceMs = 20_000

/** A commit that must go through; a loaded machine may need a second try. */
async function commits(
  worker: Worker,
  setting: string,
  value: unknown,
): Promise<readonly string[]> {
  let acknowledged: readonly string[] = []
  await eventually(`${worker.name} commits "${setting}"`, patienceMs, async () => {
    const answer = await worker.ask('commit', { path: setting, value })
    if ('failure' in answer) return false
    acknowledged = answer.acknowledged
    return true
  })
  return acknowledged
}

/** A commit that a validator must refuse: gives its reason. That somebody was too slow is none. */
async function refuses(worker: Worker, setting: string, value: unknown): Promise<string> {
  let reason = ''
  await eventually(`${worker.name} is refused "${setting}"`, patienceMs, async () => {
    const answer = await worker.ask('commit', { path: setting, value })
    assert.ok('failure' in answer)
    if (answer.failure.code === 'FND_CONFIG_REFUSED') reason = answer.failure.message
    return reason !== ''
  })
  return reason
}

async function valuesOf(workers: readonly Worker[], setting: string): Promise<unknown[]> {
  const answers = workers.map((worker) => worker.ask('setting', { path: setting }))
  return (await Promise.all(answers)).map(({ value }) => value)
}

describe('settings of three processes', needs(), () => {
  it('change everywhere when nobody minds, and nowhere when one does', async () => {
    await withCrew(async (crew) => {
      const workers = await crew.form(names)
      const [ada, bell, curie] = workers
      assert.ok(ada && bell && curie)
      const acknowledged = await commits(ada, 'features.checkout', true)
      assert.deepEqual(acknowledged.toSorted(), names)
      assert.deepEqual(await valuesOf(workers, 'features.checkout'), [true, true, true])

      await curie.ask('refuseAbove', {
        pattern: 'limits.*',
        max: 100,
        reason: 'too small a machine',
      })
      const refusal = await refuses(bell, 'limits.orders', 1_000)
      assert.match(refusal, /curie: "limits.orders": too small a machine/)
      assert.deepEqual(await valuesOf(workers, 'limits.orders'), [undefined, undefined, undefined])
      await commits(bell, 'limits.orders', 100)
      assert.deepEqual(await valuesOf(workers, 'limits.orders'), [100, 100, 100])
    })
  })

  it('set on one are soon on all, and known to who joins later', async () => {
    await withCrew(async (crew) => {
      const workers = await crew.form(['ada', 'bell'])
      const [ada, bell] = workers
      assert.ok(ada && bell)
      await ada.ask('set', { path: 'theme', value: 'dark' })
      await eventually('bell has it', patienceMs, async () => {
        const [value] = await valuesOf([bell], 'theme')
        return value === 'dark'
      })
      const curie = await crew.hire('curie')
      await eventually('curie has it', patienceMs, async () => {
        const [value] = await valuesOf([curie], 'theme')
        return value === 'dark'
      })
    })
  })

  it('two processes do not get one file; when the first is killed it is free', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'config-file-'))
    const options = { config: { file: path.join(folder, 'shared') } }
    try {
      await withCrew(async (crew) => {
        const ada = await crew.hire('ada', options)
        const taken = { code: 'FND_CONFIG_FILE', message: /in use by node "ada" \(process \d+\)/ }
        await assert.rejects(crew.hire('bell', options), taken)
        await commits(ada, 'theme', 'dark')
        await ada.kill()
        const next = await crew.hire('curie', options)
        assert.deepEqual(await valuesOf([next], 'theme'), ['dark'])
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('with a file are there again when all have been killed', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'config-file-'))
    const options = (name: string): { config: { file: string } } => ({
      config: { file: path.join(folder, name) },
    })
    try {
      await withCrew(async (crew) => {
        const ada = await crew.hire('ada', options('ada'))
        const bell = await crew.hire('bell', options('bell'))
        await allKnowEachOther([ada, bell])
        await commits(ada, 'features.checkout', true)
        await Promise.all([ada.kill(), bell.kill()])
        assert.ok((await stat(path.join(folder, 'bell'))).size > 0)
        const next = await crew.hire('bell', options('bell'))
        assert.deepEqual(await valuesOf([next], 'features.checkout'), [true])
        const { config } = await next.ask('status', {})
        assert.partialDeepStrictEqual(config, { inDoubt: 0, file: { state: 'ok' } })
        await commits(next, 'features.checkout', false)
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
