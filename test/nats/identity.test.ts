/** Who a node is to the broker: each way it can be told, right and wrong, against a real server. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { nkeys } from '@nats-io/transport-node'
import type { FoundationNode } from '../../src/index.ts'
import { silentLog } from '../../src/kernel/index.ts'
import { startNode } from '../../src/node/index.ts'
import {
  authority,
  skipWithoutOpenssl,
} from '../../src/transport/mesh/certificate-fixtures.test.ts'
import { nats, type NatsOptions } from '../../src/transport/nats/index.ts'
import { hasNatsServer, natsMissing, startBroker, type Broker } from './broker.ts'
import { makeOperator } from './operator.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'foundation-identity-'))
after(() => {
  rmSync(folder, { recursive: true })
})

let files = 0
function file(content: string): string {
  files += 1
  const name = path.join(folder, String(files))
  writeFileSync(name, content)
  return name
}

/** Runs with a server of that configuration. */
async function withBroker(config: string, run: (broker: Broker) => Promise<void>): Promise<void> {
  const broker = await startBroker(['-c', file(config)])
  try {
    await run(broker)
  } finally {
    await broker.stop()
  }
}

/** Two nodes that come in with these options find each other and talk. */
async function talk(one: Partial<NatsOptions>, other: Partial<NatsOptions> = one): Promise<void> {
  const nodes: FoundationNode[] = []
  try {
    for (const [name, options] of Object.entries({ a: one, b: other })) {
      nodes.push(await startNode({ app: 'who', name, transport: nats(options), log: silentLog }))
    }
    const [a, b] = nodes
    assert.ok(a && b)
    await Promise.all(nodes.map((node) => node.ready({ minPeers: 1, timeoutMs: 30_000 })))
    b.rpc.handle('double', (value: number) => value * 2)
    assert.equal(await a.rpc.call('b', 'double', 21), 42)
  } finally {
    await Promise.all(nodes.map((node) => node.stop()))
  }
}

function isRefused(options: Partial<NatsOptions>): Promise<void> {
  const transport = nats({ connectTimeoutMs: 5_000, ...options })
  return assert.rejects(startNode({ app: 'who', name: 'x', transport, log: silentLog }), {
    code: 'FND_HANDSHAKE_REFUSED',
    message: /refused this node/,
  })
}

const seedOf = (key: { getSeed(): Uint8Array }): string => Buffer.from(key.getSeed()).toString()

describe('a node comes in to the broker', { skip: hasNatsServer ? false : natsMissing }, () => {
  it('with a token', async () => {
    await withBroker('authorization { token: "open-sesame" }', async ({ url: servers }) => {
      await talk({ servers, token: 'open-sesame' })
      await isRefused({ servers, token: 'open-barley' })
      await isRefused({ servers })
    })
  })

  it('with a user and a password', async () => {
    const config = 'authorization { users: [ { user: shop, password: "s3cret" } ] }'
    await withBroker(config, async ({ url: servers }) => {
      await talk({ servers, user: 'shop', pass: 's3cret' })
      await isRefused({ servers, user: 'shop', pass: 'other' })
    })
  })

  it('with an nkey of its own', async () => {
    const [one, other, stranger] = [nkeys.createUser(), nkeys.createUser(), nkeys.createUser()]
    const users = [one, other].map((key) => `{ nkey: ${key.getPublicKey()} }`).join(', ')
    await withBroker(`authorization { users: [ ${users} ] }`, async ({ url: servers }) => {
      await talk({ servers, nkeySeed: seedOf(one) }, { servers, nkeySeed: seedOf(other) })
      await isRefused({ servers, nkeySeed: seedOf(stranger) })
    })
  })

  it('with a credentials file of an account', async () => {
    const operator = makeOperator()
    await withBroker(operator.config, async ({ url: servers }) => {
      const credentials = (): string => operator.credentials()
      await talk({ servers, credentials: credentials() }, { servers, credentials: credentials() })
      await isRefused({ servers, credentials: makeOperator().credentials() })
    })
  })
})

const skip = hasNatsServer ? skipWithoutOpenssl : natsMissing

describe('a node comes in to the broker over TLS', { skip }, () => {
  it('that it checks, with a certificate that the broker checks', async () => {
    const [ours, others] = [await authority(), await authority()]
    const server = await ours.issue('IP:127.0.0.1,DNS:localhost')
    const [cert, key, ca] = [server.cert, server.key, ours.ca].map(file)
    const files = Object.entries({ cert_file: cert, key_file: key, ca_file: ca })
    const tls = files.map(([name, at]) => `${name}: "${String(at)}"`).join(', ')
    await withBroker(`tls { ${tls}, verify: true }`, async ({ url: servers }) => {
      const mine = await ours.issue('URI:spiffe://shop/a')
      await talk({ servers, tls: { ca: ours.ca, ...mine } })
      await talk({
        servers,
        tls: { caFile: ca, certFile: file(mine.cert), keyFile: file(mine.key) },
      })
      const start = (given: object): Promise<FoundationNode> => {
        const transport = nats({ servers, tls: { ...given }, connectTimeoutMs: 2_000 })
        return startNode({ app: 'who', name: 'x', transport, log: silentLog })
      }
      await assert.rejects(start({ ca: others.ca, ...mine }), {
        code: 'FND_HANDSHAKE_REFUSED',
        message: /do not trust each other .*check "tls"/,
      })
      const foreign = await others.issue('URI:spiffe://shop/a')
      // The broker ends the connection without a word.
      await assert.rejects(start({ ca: ours.ca, ...foreign }), { code: 'FND_DIAL_FAILED' })
    })
  })
})
