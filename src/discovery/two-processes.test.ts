/**
 * Real processes on loopback. The file starts itself again, with `child` as argument, as the node
 * of each test.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemHost } from '../kernel/index.ts'
import { until } from '../testing/waiting/until.ts'
import { freeUdpPort, PretendedNode, secret } from './discovery-kit.test.ts'
import type { Topology } from './topology.ts'

interface ChildOptions {
  readonly name: string
  readonly address: string
  readonly topology: Topology
}

const [, , role, json = '{}'] = process.argv
if (role === 'child') runChild(JSON.parse(json) as ChildOptions)
else {
  describe('two processes', () => {
    it('find each other by gossip, and hear the goodbye', async (t) => {
      const topology = { strategy: 'gossip', config: { port: await freeUdpPort() } }
      const [a, b] = [child(t, 'a', topology), child(t, 'b', topology)]
      await until('both know each other', () => a.says('peer-seen "b"') && b.says('peer-seen "a"'))
      b.process.kill('SIGTERM')
      await until('a heard the goodbye', () => a.says('peer-gone "b" goodbye'))
    })

    it('find each other through the registry folder; a killed one is cleaned up', async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'foundation-test-'))
      const topology = { strategy: 'local', config: { folder, rescanMs: 100 } }
      const [a, b] = [child(t, 'a', topology), child(t, 'b', topology)]
      t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
      await until('both know each other', () => a.says('peer-seen "b"') && b.says('peer-seen "a"'))
      b.process.kill('SIGKILL')
      const [cluster = ''] = await readdir(folder)
      let files: string[] = []
      const look = async (): Promise<void> => {
        files = (await readdir(join(folder, cluster))).filter((name) => name.endsWith('.json'))
      }
      await until('only the file of a is left', () => (void look(), files.length === 1))
      a.process.kill('SIGTERM')
      await until('no file is left', () => (void look(), files.length === 0))
    })
  })
}

interface Child {
  readonly process: ChildProcess
  says(line: string): boolean
}

/** Starts a node in a process of its own; killed when the test ends. */
function child(t: TestContext, name: string, topology: Topology): Child {
  const address = `127.0.0.1:${name === 'a' ? '4001' : '4002'}`
  const argument = JSON.stringify({ name, address, topology } satisfies ChildOptions)
  const args = [fileURLToPath(import.meta.url), 'child', argument]
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const started = spawn(process.execPath, args, { stdio: [...stdio] })
  let said = ''
  started.stdout.on('data', (bytes) => (said += String(bytes)))
  t.after(() => started.kill('SIGKILL'))
  return { process: started, says: (line) => said.includes(`${line}\n`) }
}

function runChild({ name, address, topology }: ChildOptions): void {
  const options = { name, secrets: [secret], self: { addresses: [address] } }
  const node = new PretendedNode({ lan: topology }, { ...options, deps: { host: systemHost } })
  const said = new Set<string>()
  const timer = setInterval(() => {
    for (const event of node.news) {
      if (event.type !== 'peer-seen' && event.type !== 'peer-gone') continue
      const reason = event.type === 'peer-gone' ? ` ${event.reason}` : ''
      const line = `${event.type} "${String(event.peer.nodeName)}"${reason}\n`
      if (!said.has(line)) process.stdout.write(line)
      said.add(line)
    }
  }, 5)
  process.once('SIGTERM', () => {
    clearInterval(timer)
    void node.discovery.stop()
  })
  assert.equal(node.seen.length, 0)
  node.discovery.start()
}
