/** The broker of `foundation demo --engine nats`: a nats-server of its own, on a free port of loopback. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { FoundationError, sleep, systemHost } from '../../kernel/index.ts'

const startTimeoutMs = 5_000
const howToGetIt =
  'nats-server is not installed: apt-get install nats-server, brew install nats-server, or see https://nats.io'

/** A started server. */
export class DemoBroker {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(url: string, child: ChildProcess) {
    this.url = url
    this.#child = child
  }

  /**
   * Starts a server whose files are in `folder`.
   *
   * @throws {FoundationError} `FND_PACKAGE_MISSING` when the machine has none; `FND_TIMED_OUT`.
   */
  static async start(folder: string): Promise<DemoBroker> {
    const files = path.join(folder, 'nats')
    await mkdir(files)
    // Port -1: the server chooses one, and writes where it listens into the folder.
    const args = ['-a', '127.0.0.1', '-p', '-1', '--ports_file_dir', files]
    const child = spawn('nats-server', args, { stdio: 'ignore' })
    const failed = new Promise<never>((_, reject) => {
      child.once('error', () => {
        reject(new FoundationError('FND_PACKAGE_MISSING', howToGetIt))
      })
    })
    const url = await Promise.race([failed, portsFile(files, child)])
    return new DemoBroker(url, child)
  }

  /** Ends the server. */
  stop(): void {
    this.#child.kill('SIGTERM')
  }
}

async function portsFile(folder: string, child: ChildProcess): Promise<string> {
  const deadlineMs = systemHost.nowMs() + startTimeoutMs
  while (systemHost.nowMs() < deadlineMs) {
    const file = path.join(folder, `nats-server_${String(child.pid)}.ports`)
    const url = await readFile(file, 'utf8').then(urlIn, () => undefined)
    if (url !== undefined) return url
    await sleep(systemHost, 20)
  }
  child.kill('SIGKILL')
  throw new FoundationError('FND_TIMED_OUT', 'nats-server does not say where it listens')
}

function urlIn(text: string): string | undefined {
  return /nats:\/\/[\w.:]+/.exec(text)?.[0]
}
