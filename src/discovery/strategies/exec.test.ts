import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { until } from '../../testing/waiting/until.ts'
import { PretendedNode } from '../discovery-kit.test.ts'

const onPosix = { skip: process.platform === 'win32' ? 'SKIPPED: needs a POSIX shell' : false }

it('exec: takes what the program prints, with its arguments as they are', async (t) => {
  const script =
    'console.log(JSON.stringify([{ host: "10.0.0.1", port: 7000, nodeName: process.argv[1] }]))'
  const argument = '$(hostname); a b'
  const a = node(t, { command: [process.execPath, '-e', script, argument] })
  await until('the list', () => a.dials.includes('10.0.0.1:7000'))
  assert.deepEqual(a.seen, [argument])
})

it('exec: runs a line by the shell only when asked to', onPosix, async (t) => {
  const a = node(t, {
    command: 'printf "%s\\n" 10.0.0.1 10.0.0.2 | tail -n 1',
    shell: true,
    port: 7_007,
  })
  await until('the list', () => a.dials.includes('10.0.0.2:7007'))
  for (const [config, words] of [
    [{ command: 'echo 10.0.0.1' }, /write a list .*or shell: true/],
    [{ command: ['echo', 'x'], shell: true }, /one line, not a list/],
    [{ command: [] }, /expected a program/],
    [{}, /"topologies\.list\.config\.command" is required/],
  ] as const) {
    const make = (): PretendedNode => new PretendedNode({ list: { strategy: 'exec', config } })
    assert.throws(make, { code: 'FND_OPTION_INVALID', message: words })
  }
})

it('exec: every failure keeps the last list and says why', onPosix, async (t) => {
  const good = node(t, { command: 'test -e "$GONE" || echo 10.0.0.1:7000', shell: true })
  await until('the list', () => good.dials.length === 1)
  const cases = [
    [{ command: 'no-such-program-at-all' }, /ENOENT/],
    [{ command: 'echo "not today" >&2; exit 3', shell: true }, /ended with 3: not today/],
    [{ command: 'kill -9 $$', shell: true }, /ended with SIGKILL/],
    [{ command: 'true' }, /it is empty/],
    [
      { command: 'head -c 4096 /dev/zero', shell: true, outputMaxBytes: 1_024 },
      /more than 1024 bytes/,
    ],
  ] as const
  for (const [config, words] of cases) {
    const a = node(t, config)
    const last = (): string => a.eventsOf('lookup-failed')[0]?.message ?? ''
    await until(String(words), () => words.test(last()))
    assert.deepEqual(a.eventsOf('lookup'), [])
  }
})

it(
  'exec: a command that hangs is ended in time, with everything it started',
  onPosix,
  async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'foundation-exec-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const file = join(folder, 'pids')
    const line = `sleep 3600 & echo $! >> "${file}"; echo $$ >> "${file}"; sleep 3600`
    const a = node(t, { command: line, shell: true, lookupTimeoutMs: 300 })
    await until('it has failed', () => a.eventsOf('lookup-failed').length > 0, 10_000)
    await a.discovery.stop()
    const pids = (await readFile(file, 'utf8')).trim().split('\n').map(Number)
    assert.ok(pids.length >= 2)
    await until('nothing is left of it', () => pids.every((pid) => !isAlive(pid)), 10_000)
  },
)

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function node(t: TestContext, config: Record<string, unknown>): PretendedNode {
  const made = new PretendedNode({ list: { strategy: 'exec', config } })
  t.after(() => made.discovery.stop())
  made.discovery.start()
  return made
}
