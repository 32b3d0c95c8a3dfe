/** What `startNode` and a node are given wrongly: refused in words, without a trace left behind. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { startNode, type FoundationNode } from '../../src/index.ts'
import { idleVitals } from '../../src/monitor/index.ts'
import { startNodeIn } from '../../src/node/start-node.ts'
import { systemHost } from '../../src/kernel/index.ts'
import { eventually } from './crew.ts'

type Given = Parameters<typeof startNode>[0]

let folder = ''
let node: FoundationNode
let taken: Server

/** Handles of this process, leaving out what comes and goes by itself. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => /TCP|TLS|UDP|FSEvent|Timeout/.test(kind))
}

/** A server that reads and says nothing. */
async function listening(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return server
}

/** Starting with `given` (or in a folder without package.json) fails, and leaves no handle. */
async function refuses(
  given: unknown,
  expected: { code: string; message: RegExp },
  env: Record<string, string> = {},
): Promise<void> {
  const before = handles().length
  const surroundings = { host: systemHost, env, workingFolder: folder, vitals: idleVitals }
  const starting = startNodeIn(surroundings, given as Given)
  // One that starts against the rules must not keep this process alive.
  starting.then((wrong) => wrong.stop()).catch(() => undefined)
  await assert.rejects(starting, expected)
  await eventually('every handle is closed', 2_000, () => handles().length <= before)
}

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'foundation-inputs-'))
  taken = await listening()
  node = await startNode({ app: 'inputs', secret: 'a secret that is long enough', name: 'good' })
})
after(async () => {
  await node.stop()
  taken.close()
  await rm(folder, { recursive: true, force: true })
})

describe('startNode() refuses', () => {
  const app = 'inputs'
  const secret = 'a secret that is long enough'
  const option = 'FND_OPTION_INVALID'

  it('an unknown option, with the nearest one', () =>
    refuses({ app, clutser: true }, { code: option, message: /did you mean "cluster"/ }))

  it('an unknown option of a part, with the nearest one', () =>
    refuses(
      { app, secret, membership: { downAfter: 1 } },
      { code: option, message: /did you mean "downAfterMs"/ },
    ))

  it('an unknown option of a strategy', () =>
    refuses(
      { app, secret, cluster: { strategy: 'static', host: ['a:1'] } },
      { code: option, message: /"hosts"/ },
    ))

  it('a value of the wrong type, and one out of range', async () => {
    await refuses({ app, roles: 'web' }, { code: option, message: /"roles"/ })
    await refuses(
      { app, secret, membership: { downAfterMs: 1 } },
      { code: option, message: /"membership\.downAfterMs".*200/ },
    )
  })

  it('no app and no package.json to take it from', () =>
    refuses({ secret }, { code: option, message: /"app".*package\.json/ }))

  it('a port that is taken', async () => {
    const { port } = taken.address() as AddressInfo
    await refuses(
      { app, secret, listen: { host: '127.0.0.1', port } },
      { code: 'FND_ADDRESS_IN_USE', message: new RegExp(String(port)) },
    )
  })

  it('a short secret, without showing it', async () => {
    await refuses(
      { app, secret: 'tooshortsecret' },
      { code: 'FND_SECRET_INVALID', message: /^(?!.*tooshort).*16/ },
    )
  })

  it('a secret file that others can change, and says how to mend it', async () => {
    const file = path.join(folder, 'open-secret')
    await writeFile(file, `${secret}\n`)
    await chmod(file, 0o622)
    await refuses(
      { app },
      { code: 'FND_SECRET_INVALID', message: /chmod 600 .*open-secret/ },
      { FOUNDATION_SECRET_FILE: file },
    )
  })

  it('a secret file that is not there or no file', async () => {
    const refusedFile = (FOUNDATION_SECRET_FILE: string): Promise<void> =>
      refuses(
        { app },
        { code: 'FND_SECRET_INVALID', message: /nowhere|a-folder/ },
        { FOUNDATION_SECRET_FILE },
      )
    await refusedFile(path.join(folder, 'nowhere'))
    await mkdir(path.join(folder, 'a-folder'))
    await refusedFile(path.join(folder, 'a-folder'))
  })
})

describe('a node refuses', () => {
  it('to connect to what is no address', async () => {
    for (const address of ['', 'nonsense', 'host:', 'host:0', 'host:99999', '::1:70', 'a:b:c']) {
      await assert.rejects(
        node.connect(address, { timeoutMs: 3_000 }),
        { code: /FND_OPTION_INVALID|FND_DIAL_FAILED/ },
        address,
      )
    }
  })

  it('to connect where nobody listens, and says so', async () => {
    const free = await listening()
    const { port } = free.address() as AddressInfo
    await new Promise((resolve) => free.close(resolve))
    await assert.rejects(node.connect(`127.0.0.1:${String(port)}`), {
      code: 'FND_DIAL_FAILED',
      message: /nobody listens/,
    })
  })

  it('calls and messages to a node nobody knows', async () => {
    await assert.rejects(node.rpc.call('stranger', 'x', {}), { code: 'FND_NODE_UNKNOWN' })
    await assert.rejects(node.pubsub.directBroadcast('stranger', 'events.x', {}), {
      code: 'FND_NODE_UNKNOWN',
    })
  })

  it('to wait longer than the deadline', async () => {
    await assert.rejects(node.ready({ minPeers: 1, timeoutMs: 50 }), { code: 'FND_TIMED_OUT' })
    const silent = taken.address() as AddressInfo
    const connecting = node.connect(`127.0.0.1:${String(silent.port)}`, { timeoutMs: 100 })
    await assert.rejects(connecting, { code: /FND_TIMED_OUT|FND_DIAL_FAILED/ })
  })

  it('messages that cannot be carried, and topics that are none', async () => {
    await assert.rejects(node.pubsub.broadcast('events.x', { run: () => 1 }), {
      code: 'FND_MESSAGE_INVALID',
      message: /run/,
    })
    await assert.rejects(node.pubsub.broadcast('events..x', {}), { code: 'FND_TOPIC_INVALID' })
  })

  it('everything once it was stopped, and keeps no handle', async () => {
    const before = handles().length
    const brief = await startNode({ app: 'inputs', secret: 'a secret that is long enough' })
    brief.pubsub.subscribe('events.>', () => undefined)
    await brief.stop()
    await brief.stop()
    const code = 'FND_NOT_RUNNING'
    await assert.rejects(async () => brief.ready(), { code })
    await assert.rejects(async () => brief.connect('127.0.0.1:1'), { code })
    await assert.rejects(brief.pubsub.broadcast('events.x', {}), { code })
    await assert.rejects(async () => brief.rpc.call('good', 'x', {}), { code })
    assert.throws(() => brief.pubsub.subscribe('events.x', () => undefined), { code })
    await eventually('every handle is closed', 2_000, () => handles().length <= before)
  })
})
