import assert from 'node:assert/strict'
import { closeSync, openSync, renameSync, symlinkSync, writeFileSync, writeSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { until } from '../../testing/waiting/until.ts'
import { PretendedNode } from '../discovery-kit.test.ts'

/** Longer than any test: what is seen in one is seen by the watch, not by the poll. */
const neverMs = 3_600_000

it('file: a change is seen at once, whether written in place or put in its place', async (t) => {
  const folder = await makeFolder(t)
  const path = join(folder, 'hosts.json')
  writeFileSync(path, '["10.0.0.1:7000"]')
  const a = node(t, { path, pollIntervalMs: neverMs })
  await until('the first list', () => a.dials.includes('10.0.0.1:7000'))
  writeFileSync(path, '["10.0.0.1:7000", "10.0.0.2:7000"]')
  await until('what was written', () => a.dials.includes('10.0.0.2:7000'))
  writeFileSync(`${path}.new`, '10.0.0.3:7000 # lines are as good')
  renameSync(`${path}.new`, path)
  await until('what was put in place', () => a.dials.includes('10.0.0.3:7000'))
  writeFileSync(path, '10.0.0.4:7000')
  await until('the new file is watched as well', () => a.dials.includes('10.0.0.4:7000'))
})

it('file: a mounted map of Kubernetes, which swaps a link, is followed', async (t) => {
  const folder = await makeFolder(t)
  const versions = ['one', 'two'].map((name) => join(folder, name))
  for (const [index, version] of versions.entries()) {
    await mkdir(version)
    writeFileSync(join(version, 'hosts'), `10.0.0.${String(index + 1)}:7000`)
  }
  const [first = '', second = ''] = versions
  symlinkSync(first, join(folder, '..data'))
  symlinkSync(join('..data', 'hosts'), join(folder, 'hosts'))
  const a = node(t, { path: join(folder, 'hosts'), pollIntervalMs: neverMs })
  await until('the first version', () => a.dials.includes('10.0.0.1:7000'))
  symlinkSync(second, join(folder, '..new'))
  renameSync(join(folder, '..new'), join(folder, '..data'))
  await until('the second version', () => a.dials.includes('10.0.0.2:7000'))
})

it('file: a torn write is waited for, and never taken for a shorter list', async (t) => {
  const path = join(await makeFolder(t), 'hosts')
  const lines = ['10.0.0.1:7000', '10.0.0.2:7000', '10.0.0.3:7000'].map((line) => `${line}\n`)
  writeFileSync(path, lines.join(''))
  const a = node(t, { path, pollIntervalMs: neverMs }, 'immediate')
  await until('the first list', () => a.dials.length === 3)
  const file = openSync(path, 'w')
  for (const part of lines.flatMap((line) => [line.slice(0, 5), line.slice(5)]))
    writeSync(file, part)
  closeSync(file)
  writeFileSync(path, [...lines, '10.0.0.4:7000\n'].join(''))
  await until('the whole list', () => a.dials.length === 4)
  assert.deepEqual([a.disconnects, a.eventsOf('peer-gone')], [[], []])
})

it('file: missing, empty, broken or too large, it changes nothing and says so; it comes back', async (t) => {
  const folder = join(await makeFolder(t), 'later')
  const path = join(folder, 'hosts.json')
  const a = node(t, { path, pollIntervalMs: 50 }, 'immediate')
  const fails = async (words: RegExp): Promise<void> => {
    const last = (): string => a.eventsOf('lookup-failed').at(-1)?.message ?? ''
    await until(String(words), () => words.test(last()))
    assert.equal(a.discovery.status()[0]?.health.state, 'degraded')
  }
  await fails(/hosts\.json cannot be used: ENOENT/)
  await mkdir(folder)
  writeFileSync(path, '["10.0.0.1:7000"]')
  await until('the list', () => a.dials.includes('10.0.0.1:7000'))
  writeFileSync(path, '')
  await fails(/it is empty; write \[\] for nobody/)
  writeFileSync(path, '["10.0.0.1:70')
  await fails(/it is not JSON/)
  writeFileSync(path, '#'.repeat(1_048_577))
  await fails(/more than 1048576 bytes/)
  await rm(path)
  await fails(/ENOENT/)
  assert.deepEqual([a.disconnects, a.eventsOf('peer-gone')], [[], []])
  writeFileSync(path, '[]')
  await until('nobody is listed any more', () => a.disconnects.length === 1)
})

it('file: without a path it is refused, in words', () => {
  assert.throws(() => new PretendedNode({ list: { strategy: 'file' } }), {
    code: 'FND_OPTION_INVALID',
    message: /"topologies\.list\.config\.path" is required/,
  })
})

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'foundation-file-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function node(
  t: TestContext,
  config: Record<string, unknown>,
  prune: 'grace' | 'immediate' = 'grace',
): PretendedNode {
  const made = new PretendedNode(
    { list: { strategy: 'file', config, prune } },
    { options: { backoffMaxMs: 100 } },
  )
  t.after(() => made.discovery.stop())
  made.discovery.start()
  return made
}
