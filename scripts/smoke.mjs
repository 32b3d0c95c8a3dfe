/**
 * The package as a user gets it: packed, installed into an empty folder, run there on the machine's
 * own Node. `--node 20,22,24,26` runs it on each of these instead, installed from the registry.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { machineNode } from './machine-node.mjs'
import { root, toolEnv } from './steps.mjs'

const { values } = parseArgs({ options: { node: { type: 'string', default: '' } } })
const folder = mkdtempSync(path.join(tmpdir(), 'foundation-smoke-'))
const quiet = ['--no-audit', '--no-fund', '--loglevel=error']

/** Two processes of one app meet, talk and leave: what the README shows first. */
const program = `
import { startNode, isFoundationError } from 'foundation-ts'
import { createMemoryNetwork } from 'foundation-ts/testing'
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const isChild = process.argv[2] === 'child'
const node = await startNode({ app: 'smoke', name: isChild ? 'child' : 'parent', cluster: true })
if (isChild) {
  node.rpc.handle('add', ([a, b]) => a + b)
  node.pubsub.subscribe('events.stop', () => node.stop().then(() => process.exit(0)))
  node.pubsub.subscribe('events.question', (q) => node.pubsub.broadcast('events.answer', new Map([[q, 42n]])))
} else {
  const child = fork(fileURLToPath(import.meta.url), ['child'])
  const ended = new Promise((resolve) => child.on('exit', resolve))
  const answer = new Promise((resolve) => node.pubsub.subscribe('events.answer', resolve))
  await node.ready({ minPeers: 1, timeoutMs: 15000 })
  const sum = await node.rpc.call('child', 'add', [20, 22])
  await node.pubsub.broadcast('events.question', 'life')
  const map = await answer
  const refused = await node.rpc.call('nobody', 'x').catch((error) => isFoundationError(error) && error.code)
  await node.pubsub.broadcast('events.stop', true)
  const code = await ended
  const network = createMemoryNetwork({ seed: 1 })
  const a = await network.startNode({ name: 'a' })
  await network.stop()
  await node.stop()
  const ok = sum === 42 && map.get('life') === 42n && refused === 'FND_NODE_UNKNOWN' && code === 0
  console.log(ok ? 'ok' : 'FAILED', process.version, JSON.stringify({ sum, refused, code }))
  process.exitCode = ok ? 0 : 1
}
`

/** A node from settings alone, started before the program, and the command that looks at it. */
const settingsProgram = `
import { getNode, resolveOptions } from 'foundation-ts'
import { findStrategy } from 'foundation-ts/discovery'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const node = await getNode()
const { mode, options } = await resolveOptions()
const command = new URL('./node_modules/foundation-ts/dist/cli/main.js', import.meta.url).pathname
const { stdout } = await promisify(execFile)(process.execPath, [command, 'status', '--json'])
const { nodes } = JSON.parse(stdout)
await node.stop()
const ok = mode === 'mortal' && nodes[0]?.node === node.name && options.cluster.origin.endsWith('package.json') &&
  findStrategy('Cluster.Strategy.Gossip')?.name === 'gossip'
console.log(ok ? 'ok' : 'FAILED', process.version, '--import foundation-ts/auto', JSON.stringify({ mode, nodes: nodes.length }))
process.exitCode = ok ? 0 : 1
`

/** What a user is promised about the size of an installation. */
const limits = { installedMaxBytes: 3 * 10 ** 6, packagesMax: 1 }

/** What the files under a folder take on a disk that hands out blocks of 4 KiB. */
function bytesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => statSync(path.join(parentPath, name)).size)
    .reduce((sum, bytes) => sum + Math.ceil(bytes / 4096) * 4096, 0)
}

/** Exits with 1 when what was installed is more than promised. */
function measureInstallation() {
  const modules = path.join(folder, 'node_modules')
  const { packages } = JSON.parse(readFileSync(path.join(modules, '.package-lock.json'), 'utf8'))
  const measured = {
    installedMaxBytes: bytesUnder(modules),
    packagesMax: Object.keys(packages).length,
  }
  console.log(`installed: ${JSON.stringify(measured)}`)
  for (const [limit, max] of Object.entries(limits)) {
    if (measured[limit] <= max) continue
    console.error(`${limit}: ${measured[limit]}, at most ${max} is promised`)
    process.exitCode = 1
  }
}

/** Do the types resolve as a user's compiler looks for them? (are the types wrong) */
function checkTypes(tarball) {
  const args = ['--profile', 'esm-only', '--format', 'ascii', '--quiet', tarball]
  const { status, error } = spawnSync('attw', args, { env: toolEnv, stdio: 'inherit' })
  if (status === 0) return
  console.error(`attw: ${error?.message ?? `exit ${status}`}`)
  process.exitCode = 1
}

function nodesToTry() {
  const versions = values.node.split(',').filter((version) => version !== '')
  if (versions.length === 0) return [machineNode()?.file ?? process.execPath]
  return versions.map((version) => {
    const prefix = path.join(folder, `node-${version}`)
    execFileSync('npm', ['install', '--prefix', prefix, `node@${version}`, ...quiet], {
      stdio: 'inherit',
    })
    return path.join(prefix, 'node_modules', '.bin', 'node')
  })
}

try {
  const packed = execFileSync(
    'npm',
    ['pack', '--ignore-scripts', '--pack-destination', folder, '--json', '--loglevel=error'],
    { cwd: root, encoding: 'utf8' },
  )
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(packed)
  console.log(
    `${filename}: ${entryCount} files, ${Math.round(size / 1024)} KiB packed, ${Math.round(unpackedSize / 1024)} KiB unpacked`,
  )
  writeFileSync(
    path.join(folder, 'package.json'),
    '{ "name": "smoke", "private": true, "type": "module", "foundation": { "cluster": true } }',
  )
  execFileSync('npm', ['install', path.join(folder, filename), ...quiet], {
    cwd: folder,
    stdio: 'inherit',
  })
  measureInstallation()
  checkTypes(path.join(folder, filename))
  writeFileSync(path.join(folder, 'smoke.mjs'), program)
  writeFileSync(path.join(folder, 'settings.mjs'), settingsProgram)
  const env = {
    ...process.env,
    XDG_CONFIG_HOME: folder,
    XDG_RUNTIME_DIR: folder,
    FOUNDATION_INTERFACES: 'lo',
  }
  for (const node of nodesToTry()) {
    for (const args of [['smoke.mjs'], ['--import', 'foundation-ts/auto', 'settings.mjs']]) {
      const { status } = spawnSync(node, args, {
        cwd: folder,
        env,
        stdio: 'inherit',
        timeout: 60_000,
      })
      if (status !== 0) process.exitCode = 1
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
