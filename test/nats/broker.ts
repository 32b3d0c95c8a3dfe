/** A real nats-server, started on a free port of loopback with its files in a temporary folder. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sleep, systemHost } from '../../src/kernel/index.ts'

/** True when the machine has the server. */
export const hasNatsServer: boolean =
  spawnSync('nats-server', ['--version'], { stdio: 'ignore' }).status === 0

/** What to say where it is missing. */
export const natsMissing = 'nats-server is not installed (Debian package nats-server)'

/** One server, and how to end and begin it again. */
export class Broker {
  readonly port: number
  readonly #args: readonly string[]
  readonly #folder: string
  #child: ChildProcess | undefined

  constructor(port: number, args: readonly string[] = []) {
    this.port = port
    this.#args = args
    this.#folder = mkdtempSync(path.join(tmpdir(), 'foundation-nats-'))
  }

  get url(): string {
    return `127.0.0.1:${String(this.port)}`
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const log = path.join(this.#folder, 'log')
    const args = ['-a', '127.0.0.1', '-p', String(this.port), '-l', log, ...this.#args]
    this.#child = spawn('nats-server', args, { stdio: 'ignore' })
    let takesConnections = false
    while (!takesConnections && this.#child.exitCode === null) {
      takesConnections = await isOpen(this.port)
      if (!takesConnections) await sleep(systemHost, 10)
    }
    if (!takesConnections) throw new Error(`nats-server ended: see ${log}`)
  }

  /** As SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null) child.kill('SIGKILL')
    await ended
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A started server of its own. */
export async function startBroker(args: readonly string[] = []): Promise<Broker> {
  for (let attempt = 1; ; attempt++) {
    const broker = new Broker(await freePort(), args)
    try {
      await broker.start()
      return broker
    } catch (error) {
      // Somebody else may have taken the port meanwhile.
      if (attempt === 3) throw error
      await broker.stop()
    }
  }
}

/** A port of loopback that nobody listens on at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        resolve(typeof address === 'object' && address ? address.port : 0)
      })
    })
  })
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}
