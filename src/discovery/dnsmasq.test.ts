/**
 * A real dnsmasq for tests: on a free loopback port, in a folder of its own, ended with the test.
 * No tests here.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { sleep, systemHost } from '../kernel/index.ts'
import { freeUdpPort } from './discovery-kit.test.ts'

/** The reason to skip tests that need dnsmasq; false when they can run. */
export const skipWithoutDnsmasq: string | false =
  spawnSync('dnsmasq', ['--version']).status === 0
    ? false
    : 'dnsmasq is not installed (Debian: dnsmasq-base)'

const startAttempts = 200

/** One dnsmasq that answers for `test.` and knows of nothing else. */
export class Dnsmasq {
  /** "127.0.0.1:port", for the option `servers`. */
  readonly server: string
  readonly #process: ChildProcess
  readonly #hostsFile: string
  #generation = 0

  private constructor(server: string, process: ChildProcess, hostsFile: string) {
    this.server = server
    this.#process = process
    this.#hostsFile = hostsFile
  }

  /** @param records dnsmasq's own options: `srv-host=...`, `host-record=...`. */
  static async start(t: TestContext, records: readonly string[] = []): Promise<Dnsmasq> {
    const folder = await mkdtemp(join(tmpdir(), 'foundation-dnsmasq-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    await chmod(folder, 0o755) // dnsmasq reads it again as another user.
    const hostsFile = join(folder, 'hosts')
    await writeFile(hostsFile, '')
    const port = await freeUdpPort()
    const fixed = ['no-daemon', 'no-resolv', 'no-hosts', 'local=/test/', 'bind-interfaces']
    const own = ['listen-address=127.0.0.1', `port=${String(port)}`, `addn-hosts=${hostsFile}`]
    const pid = `pid-file=${join(folder, 'pid')}`
    const options = [...fixed, ...own, pid, 'conf-file=/dev/null', ...records]
    const args = options.map((option) => `--${option}`)
    const process = spawn('dnsmasq', args, { stdio: 'ignore' })
    t.after(() => process.kill('SIGKILL'))
    const dnsmasq = new Dnsmasq(`127.0.0.1:${String(port)}`, process, hostsFile)
    await dnsmasq.#answers('ready.test', 'ENOTFOUND')
    return dnsmasq
  }

  /** Replaces the addresses behind names, and waits until that is in force. */
  async setHosts(pairs: readonly (readonly [address: string, name: string])[]): Promise<void> {
    this.#generation += 1
    const marker = `generation-${String(this.#generation)}.test`
    const lines = [...pairs, ['127.9.9.9', marker]].map((pair) => `${pair.join(' ')}\n`)
    await writeFile(this.#hostsFile, lines.join(''))
    this.#process.kill('SIGHUP')
    await this.#answers(marker, 'ok')
  }

  /** It answers nothing any more, as a name server that hangs. */
  pause(): void {
    this.#process.kill('SIGSTOP')
  }

  resume(): void {
    this.#process.kill('SIGCONT')
  }

  /** The port is closed. */
  kill(): void {
    this.#process.kill('SIGKILL')
  }

  async #answers(name: string, expected: string): Promise<void> {
    const resolver = new Resolver({ timeout: 200, tries: 1 })
    resolver.setServers([this.server])
    let last = ''
    for (let attempt = 0; attempt < startAttempts; attempt++) {
      last = await resolver.resolve4(name).then(
        () => 'ok',
        (error: unknown) => String((error as { code?: string }).code),
      )
      if (last === expected) return
      await sleep(systemHost, 20)
    }
    throw new Error(`dnsmasq on ${this.server} says ${last} of ${name}, not ${expected}`)
  }
}
