/** The brokers of the systems that need one: found on this machine, started on loopback, ended. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { waitFor } from './clock.mjs'
import { freePorts } from './fleet.mjs'

const natsServer = {
  program: 'nats-server',
  scheme: 'nats',
  arguments: ({ host, port }) => ['-a', host, '-p', String(port)],
}

const brokers = {
  nats: natsServer,
  'foundation-nats': natsServer,
  redis: {
    program: 'redis-server',
    scheme: 'redis',
    arguments: ({ host, port, folder }) =>
      [
        ['--bind', host, '--port', String(port), '--dir', folder],
        ['--save', '', '--appendonly', 'no', '--protected-mode', 'no'],
        // Its default cuts off a subscriber that lags by 32 MB.
        ['--client-output-buffer-limit', 'pubsub', '0', '0', '0'],
      ].flat(),
  },
}

/**
 * Whether the system can run here; says how to get what is missing.
 *
 * @param {string} system
 * @returns {string | undefined} the reason it cannot
 */
export function missingServer(system) {
  const broker = brokers[system]
  if (!broker) return undefined
  const found = spawnSync(broker.program, ['--version'], { stdio: 'ignore' })
  if (!found.error) return undefined
  return `${broker.program} is not installed: apt-get install nats-server redis-server`
}

/**
 * Starts the broker a system needs.
 *
 * @param {string} system
 * @param {{ host?: string, namespace?: string }} [place]
 * @returns {Promise<{ url: string | undefined, stop(): Promise<void> }>}
 */
export async function startServer(system, { host = '127.0.0.1', namespace } = {}) {
  const broker = brokers[system]
  if (!broker) return { url: undefined, stop: () => Promise.resolve() }
  const folder = await mkdtemp(path.join(tmpdir(), 'foundation-bench-'))
  const [port] = await freePorts(1)
  const command = [broker.program, ...broker.arguments({ host, port, folder })]
  const [program, ...args] = namespace ? ['ip', 'netns', 'exec', namespace, ...command] : command
  const child = spawn(program, args, { stdio: 'ignore' })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
    await rm(folder, { recursive: true, force: true })
  }
  const limit = { timeoutMs: 10_000, what: `${broker.program} listens` }
  // In another namespace it cannot be reached from here; the clients' own retries wait for it.
  if (!namespace) await waitFor(() => accepts(host, port), limit).catch(failAfter(stop))
  return { url: `${broker.scheme}://${host}:${port}`, stop }
}

function failAfter(stop) {
  return async (error) => {
    await stop()
    throw error
  }
}

function accepts(host, port) {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
