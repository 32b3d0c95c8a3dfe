/**
 * Real processes under measurement: spawns them, calls them over their IPC channel, ends them.
 * Ends only what it started.
 */
import { fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const workerFile = fileURLToPath(new URL('../worker.mjs', import.meta.url))

/** One process. `call` runs a command of worker.mjs in it. */
class Worker {
  #child
  #calls = new Map()
  #nextId = 1
  #listeners = []
  /** Resolves when the process has ended. */
  exited

  constructor(name, child) {
    this.name = name
    this.#child = child
    this.exited = new Promise((resolve) => child.once('exit', resolve))
    child.on('message', (message) => this.#receive(message))
    child.once('exit', (code, signal) => this.#failAll(code ?? signal))
    child.on('error', (error) => this.#failAll(error.message))
  }

  get pid() {
    return this.#child.pid
  }

  /** Runs a command of worker.mjs and resolves with its result. */
  call(command, args = {}) {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject, command })
      this.#child.send({ id, command, args }, (error) => {
        if (error) this.#settle({ id, error: error.message })
      })
    })
  }

  /** Hears what the process reports by itself. */
  onReport(listener) {
    this.#listeners.push(listener)
  }

  signal(name) {
    this.#child.kill(name)
  }

  /** Ends the process in order, or by force after five seconds. */
  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.signal('SIGCONT')
    this.call('exit').catch(() => undefined)
    const force = setTimeout(() => this.signal('SIGKILL'), 5000)
    await this.exited
    clearTimeout(force)
  }

  #receive(message) {
    if (message.report === undefined) this.#settle(message)
    else for (const listener of this.#listeners) listener(message.report)
  }

  #settle({ id, result, error }) {
    const call = this.#calls.get(id)
    if (!call) return
    this.#calls.delete(id)
    if (error === undefined) call.resolve(result)
    else call.reject(new Error(`${this.name}: ${call.command}: ${error}`))
  }

  #failAll(reason) {
    for (const id of [...this.#calls.keys()]) {
      this.#settle({ id, error: `the process ended (${reason})` })
    }
  }
}

/**
 * Starts one process.
 *
 * @param {string} name
 * @param {{ namespace?: string, profileFolder?: string, env?: Record<string, string> }} [place]
 *   `namespace`: a network namespace to run in; `profileFolder`: where to write a CPU profile
 */
export function startWorker(name, { namespace, profileFolder, env = {} } = {}) {
  const flags = profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : []
  const options = {
    env: { ...process.env, FOUNDATION_INTERFACES: 'lo', ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'json',
  }
  if (namespace === undefined) {
    return new Worker(name, fork(workerFile, [], { ...options, execArgv: flags }))
  }
  const command = ['netns', 'exec', namespace, process.execPath, ...flags, workerFile]
  return new Worker(name, spawn('ip', command, options))
}

/**
 * Starts the processes of one system and opens it in each.
 *
 * @param {{ system: string, names: string[], server?: string, settings?: object,
 *   places?: Array<{ host?: string, namespace?: string, env?: Record<string, string> }>,
 *   profileFolder?: string }} plan
 * @returns {Promise<Worker[]>} in the order of `names`
 */
export async function openFleet({ system, names, server, settings, places = [], profileFolder }) {
  const ports = await freePorts(names.length)
  const roster = names.map((name, index) => ({
    name,
    host: places[index]?.host ?? '127.0.0.1',
    port: ports[index],
  }))
  const shared = { system, server, settings, roster, ...clusterKeys() }
  const workers = names.map((name, index) =>
    startWorker(name, { ...places[index], profileFolder: profileFolder }),
  )
  try {
    await Promise.all(
      workers.map((worker, index) => worker.call('open', { ...shared, ...roster[index] })),
    )
  } catch (error) {
    await closeFleet(workers)
    throw error
  }
  return workers
}

/** A cluster name and a secret of their own for every fleet. */
export function clusterKeys() {
  return {
    app: `bench-${randomBytes(6).toString('hex')}`,
    secret: randomBytes(32).toString('base64'),
  }
}

/** @param {readonly Worker[]} workers */
export async function closeFleet(workers) {
  await Promise.all(workers.map((worker) => worker.stop()))
}

/**
 * Loopback ports nobody listens on at the moment.
 *
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))))
  return ports
}

function listenAnywhere() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

/** The folder this benchmark suite lives in. */
export const benchFolder = path.dirname(workerFile)
