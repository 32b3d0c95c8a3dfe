import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { systemHost } from '../../../kernel/index.ts'
import { until } from '../../../testing/waiting/until.ts'
import { PretendedNode, selfInfo } from '../../discovery-kit.test.ts'
import { ownStamp } from './process-view.ts'
import {
  decodeEntry,
  encodeEntry,
  entryFileName,
  foreignStaleMs,
  isEntryFileName,
  isStale,
  type ProcessView,
  type RegistryEntry,
} from './registry-entry.ts'

it('local: nodes find each other well under 100 ms after the second one starts', async (t) => {
  const registry = await makeRegistry(t)
  const { folder } = registry
  const a = node(registry, 'a')
  await until('a has written its file', () => files(folder).length === 1)
  const startedMs = systemHost.nowMs()
  const b = node(registry, 'b')
  await until('both know each other', () => a.connected.has('b') && b.connected.has('a'))
  assert.ok(systemHost.nowMs() - startedMs < 1_000)
  assert.deepEqual(a.dials, ['127.0.0.1:4002'])
})

it('local: takes its file away at stop, and the others stop proposing it', async (t) => {
  const registry = await makeRegistry(t)
  const { folder } = registry
  const [a, b] = [node(registry, 'a'), node(registry, 'b')]
  await until('a knows b', () => a.connected.has('b'))
  await b.discovery.stop()
  assert.equal(files(folder).length, 1)
  a.connected.delete('b')
  await until('a forgot b', () => a.eventsOf('peer-gone').length === 1)
})

it('local: keeps clusters apart', async (t) => {
  const registry = await makeRegistry(t)
  const { folder } = registry
  const a = node(registry, 'a')
  const x = node(registry, 'x', { cluster: 'cart' })
  await until('there are two folders', () => readdirSync(folder).length === 2)
  a.discovery.refresh()
  x.discovery.refresh()
  assert.deepEqual([a.seen, x.seen], [[], []])
})

it('local: cleans up after processes that are dead and process numbers used again', async (t) => {
  const registry = await makeRegistry(t)
  const { folder } = registry
  const a = node(registry, 'a')
  await until('a has written its file', () => files(folder).length === 1)
  const own = ownStamp()
  await put(folder, { ...entry('dead'), process: { ...own, pid: 2 ** 22 + 1 } })
  await put(folder, { ...entry('reused'), process: { ...own, startedAt: '1' } })
  await until('both files are gone', () => files(folder).length === 1)
  assert.deepEqual(a.seen, [])
})

it('local: ignores and counts torn and foreign files, and leaves them alone', async (t) => {
  const registry = await makeRegistry(t)
  const { folder } = registry
  const a = node(registry, 'a')
  await until('a has written its file', () => files(folder).length === 1)
  const path = clusterPath(folder)
  await writeFile(join(path, 'torn.json'), encodeEntry(entry('b')).slice(0, 40))
  await writeFile(join(path, 'large.json'), encodeEntry(entry('b')).padEnd(9_000))
  await writeFile(join(path, 'notes.txt'), 'hello')
  await mkdir(join(path, 'folder.json'))
  await symlink('/etc/hostname', join(path, 'link.json'))
  await until('all were counted', () => figures(a).ignoredFiles === 4)
  assert.deepEqual(a.seen, [])
  assert.equal(namesIn(path).length, 6)
})

it('local: writes its file again when somebody removes it', async (t) => {
  const registry = await makeRegistry(t)
  const { folder } = registry
  node(registry, 'a')
  await until('a has written its file', () => files(folder).length === 1)
  const [file = ''] = files(folder)
  await rm(file)
  await until('it is back', () => files(folder).length === 1)
})

it('local: keeps folder and file to this user', { skip: noModes() }, async (t) => {
  const registry = await makeRegistry(t)
  const { folder } = registry
  const within = join(folder, 'made')
  node({ ...registry, folder: within }, 'a')
  await until('a has written its file', () => files(within).length === 1)
  const [file = ''] = files(within)
  assert.equal((await stat(within)).mode & 0o777, 0o700)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.equal(decodeEntry(await readFile(file, 'utf8'))?.name, 'a')
})

it('local: refuses a folder that is open to others or a link', { skip: noModes() }, async (t) => {
  const registry = await makeRegistry(t)
  const { folder } = registry
  await chmod(folder, 0o755)
  const link = join(folder, 'link')
  await symlink(tmpdir(), link)
  for (const [path, words] of [
    [folder, /open to other users/],
    [link, /is not a folder/],
  ] as const) {
    const a = node({ ...registry, folder: path }, 'a')
    await until('it is degraded', () => a.eventsOf('health').length > 0)
    assert.match(a.eventsOf('health')[0]?.detail ?? '', words)
    await a.discovery.stop()
  }
})

it('registry entry: survives encoding', () => {
  assert.deepEqual(decodeEntry(encodeEntry(entry('b'))), entry('b'))
})

it('registry entry: never throws on any text', () => {
  const text = encodeEntry(entry('b'))
  fc.assert(
    fc.property(fc.nat(text.length - 3), fc.string(), (keep, tail) => {
      return tail === '' ? decodeEntry(text.slice(0, keep)) === undefined : true
    }),
  )
  fc.assert(fc.property(fc.json(), (json) => decodeEntry(json) === undefined))
})

it('registry entry: has a file name whatever the incarnation holds', () => {
  for (const incarnation of ['17-b', '../../etc/passwd', 'a/b', '', '.hidden', 'x'.repeat(300)]) {
    assert.ok(isEntryFileName(entryFileName(incarnation)), incarnation)
  }
})

it('registry entry: of another container is stale only when nobody renews it', () => {
  const view: ProcessView = { namespace: 'here', isAlive: () => false, startedAt: () => '' }
  const stamp = { ...entry('b'), process: { pid: 7, startedAt: '1', namespace: 'there' } }
  assert.equal(isStale(stamp, foreignStaleMs - 1, view), false)
  assert.equal(isStale(stamp, foreignStaleMs + 1, view), true)
  const here = { ...entry('b'), process: { pid: 7, startedAt: '1', namespace: 'here' } }
  assert.equal(isStale(here, 0, view), true)
  assert.equal(isStale(here, 0, { ...view, isAlive: () => true }), false)
  assert.equal(isStale(here, 0, { ...view, isAlive: () => true, startedAt: () => '2' }), true)
})

function entry(name: string): RegistryEntry {
  const addresses = ['127.0.0.1:4009']
  return { name, incarnation: `17-${name}`, addresses, process: ownStamp() }
}

/** A started node; stopped when the test ends. */
function node(
  { folder, nodes }: Registry,
  name: string,
  self: { cluster?: string } = {},
): PretendedNode {
  const addresses = [`127.0.0.1:${name === 'a' ? '4001' : '4002'}`]
  const topology = { strategy: 'local', config: { folder, rescanMs: 100 } }
  const info = selfInfo({ name, addresses, ...self })
  const made = new PretendedNode({ here: topology }, { name, self: info })
  nodes.push(made)
  made.discovery.start()
  return made
}

interface Registry {
  readonly folder: string
  readonly nodes: PretendedNode[]
}

/** An empty folder; removed when the test ends, after the nodes have stopped. */
async function makeRegistry(t: TestContext): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'foundation-test-'))
  const nodes: PretendedNode[] = []
  t.after(async () => {
    await Promise.all(nodes.map(({ discovery }) => discovery.stop()))
    await rm(folder, { recursive: true, force: true })
  })
  return { folder, nodes }
}

function clusterPath(folder: string): string {
  const [cluster] = namesIn(folder)
  return cluster === undefined ? folder : join(folder, cluster)
}

function files(folder: string): string[] {
  const path = clusterPath(folder)
  const names = namesIn(path).filter((name) => name.endsWith('.json'))
  return names.map((name) => join(path, name))
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

async function put(folder: string, given: RegistryEntry): Promise<void> {
  const path = join(clusterPath(folder), entryFileName(given.incarnation))
  await writeFile(path, encodeEntry(given))
}

function figures(of: PretendedNode): { ignoredFiles: number } {
  return of.discovery.status()[0]?.figures as { ignoredFiles: number }
}

function noModes(): string | false {
  return process.platform === 'win32' ? 'SKIPPED: this system has no file modes' : false
}
