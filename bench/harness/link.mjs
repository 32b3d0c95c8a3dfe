/** Two network namespaces with an emulated link between them, made and removed here. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { benchFolder } from './fleet.mjs'

/**
 * Why the link cannot be made here.
 *
 * @returns {string | undefined} undefined when it can
 */
export function missingLinkTools() {
  if (process.platform !== 'linux' || process.getuid() !== 0) return 'needs root on Linux'
  if (!existsSync('/dev/net/tun')) return 'needs /dev/net/tun'
  const absent = ['ip', 'python3'].find((tool) => spawnSync(tool, ['-V']).error)
  return absent && `${absent} is not installed: apt-get install iproute2 python3`
}

/**
 * Runs `use` with two places at the ends of a link, and removes everything after.
 *
 * @template T
 * @param {{ delayMs: number, rateMbit: number, queueKib: number, loss: number, seed: number }} shape
 *   `delayMs` one way
 * @param {(places: Array<{ host: string, namespace: string, env: object }>) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withLimitedLink(shape, use) {
  const namespaces = ['a', 'b'].map((end) => `foundation-bench-${process.pid}-${end}`)
  let emulator
  try {
    for (const name of namespaces) ip('netns', 'add', name)
    emulator = await startEmulator(namespaces, shape)
    const [a, b] = namespaces
    return await use([
      { host: '10.8.0.1', namespace: a, env: { FOUNDATION_INTERFACES: 'fa' } },
      { host: '10.8.0.2', namespace: b, env: { FOUNDATION_INTERFACES: 'fb' } },
    ])
  } finally {
    await emulator?.stop()
    for (const name of namespaces) spawnSync('ip', ['netns', 'del', name])
  }
}

function ip(...args) {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr}`)
}

async function startEmulator(namespaces, { delayMs, rateMbit, queueKib, loss, seed }) {
  const file = path.join(benchFolder, 'link-emulator.py')
  const args = [file, ...namespaces, delayMs, rateMbit, queueKib, loss, seed].map(String)
  // Its end when our pipe closes: it never outlives the benchmark.
  const child = spawn('python3', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const ready = new Promise((resolve) => child.stdout.once('data', () => resolve(true)))
  if (await Promise.race([ready, exited.then(() => false)])) {
    const stop = async () => {
      child.kill('SIGTERM')
      await exited
    }
    return { stop }
  }
  throw new Error('the link emulator ended before it was ready')
}
