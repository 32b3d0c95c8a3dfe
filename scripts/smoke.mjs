/**
 * The package as a user gets it: packed, installed into an empty folder, run there on the machine's
 * own Node. `--node 20,22,24,26` runs it on each of these instead, installed from the registry.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { root } from './steps.mjs'

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

/** The first `node` on PATH that is not this project's own. */
function machineNode() {
  const own = path.join(root, 'node_modules')
  const folders = (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((entry) => !entry.startsWith(own))
  const found = folders.map((entry) => path.join(entry, 'node')).find((file) => existsSync(file))
  return found ?? process.execPath
}

function nodesToTry() {
  const versions = values.node.split(',').filter((version) => version !== '')
  if (versions.length === 0) return [machineNode()]
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
    '{ "name": "smoke", "private": true, "type": "module" }',
  )
  execFileSync('npm', ['install', path.join(folder, filename), ...quiet], {
    cwd: folder,
    stdio: 'inherit',
  })
  writeFileSync(path.join(folder, 'smoke.mjs'), program)
  const env = {
    ...process.env,
    XDG_CONFIG_HOME: folder,
    XDG_RUNTIME_DIR: folder,
    FOUNDATION_INTERFACES: 'lo',
  }
  for (const node of nodesToTry()) {
    const { status } = spawnSync(node, ['smoke.mjs'], {
      cwd: folder,
      env,
      stdio: 'inherit',
      timeout: 60_000,
    })
    if (status !== 0) process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
