import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import {
  consoleLog,
  isFoundationError,
  Keyring,
  systemHost,
  toError,
  telemetryTo,
} from '../../kernel/index.ts'
import { authority, skipWithoutOpenssl } from './certificate-fixtures.test.ts'
import type { Credentials } from './credentials.ts'
import { MeshListener } from './listener.ts'
import { pskFor, pskIdentity } from './psk.ts'
import { acceptor, dial, greetOverTls, offerOn, psk, secrets } from './tls-fixtures.test.ts'

/** All that a person, a log or a crash could show of a value. */
function shown(value: unknown): string {
  const texts = [inspect(value, { depth: 12, showHidden: true, maxStringLength: Infinity })]
  if (value instanceof Error) {
    texts.push(value.message, value.stack ?? '', shown(value.cause))
    if (isFoundationError(value)) texts.push(JSON.stringify(value), JSON.stringify(value.details))
  }
  return texts.join('\n')
}

/** The secrets and the keys made from them, in every usual spelling. */
function spellings(): string[] {
  const { keys } = new Keyring([secrets.first, secrets.second])
  const psks = keys.flatMap((key) =>
    ['b', '*'].map((server) =>
      pskFor(key, pskIdentity({ keyId: key.id, cluster: 'shop', client: 'a', server })),
    ),
  )
  const raw = [...Object.values(secrets).map((secret) => Buffer.from(secret)), ...psks]
  const bytes = raw.map((one) => [...one].join(', '))
  const dump = raw.map((one) => (one.toString('hex').match(/../g) ?? []).join(' '))
  const encodings = ['utf8', 'hex', 'base64', 'base64url', 'latin1'] as const
  return [...encodings.flatMap((as) => raw.map((one) => one.toString(as))), ...bytes, ...dump]
}

function assertSilent(output: string): void {
  assert.ok(output.length > 1000, 'something was shown')
  for (const spelling of spellings()) assert.ok(!output.includes(spelling), spelling)
}

describe('the secret', () => {
  it('is in no error, refusal or reply of a failed dial', async () => {
    const server = await acceptor({ credentials: psk(secrets.second) })
    const failures = [
      dial(server.address),
      dial(server.address, { credentials: psk(secrets.second), expect: 'c' }),
      dial(server.address, { credentials: psk(secrets.second, 'bank') }),
      dial('127.0.0.1:1'),
      dial('nonsense'),
      dial(server.address, { credentials: psk([secrets.first, secrets.second]) }).then((dialed) =>
        offerOn(dialed, { timeoutMs: 1 }),
      ),
    ].map((work) => work.then(() => assert.fail(), toError))
    assertSilent([...(await Promise.all(failures)), server.refusals].map(shown).join('\n'))
  })

  it('is in no socket, listener, credential or greeted connection that is inspected', async () => {
    const server = await acceptor()
    const greeted = await greetOverTls(server)
    const parts = [greeted.dialed, greeted.accepted, server.listener, psk(), server]
    assertSilent(parts.map(shown).join('\n'))
  })

  it('is in no log line and no measurement, at any level', async () => {
    const lines: string[] = []
    const telemetry = telemetryTo((record) => lines.push(shown(record)))
    const log = consoleLog({ level: 'debug', write: (line) => lines.push(line) })
    const listener = new MeshListener(
      {
        ...{ host: systemHost, log, telemetry },
        onSocket: (socket, peer) => {
          log.info({ socket, peer }, 'a socket')
          throw new Error('a bug')
        },
      },
      {
        ...{ host: '127.0.0.1', port: 0, self: 'b', handshakeTimeoutMs: 5000 },
        ...{ preAuthMaxSockets: 4, credentials: psk() },
      },
    )
    const { port } = await listener.listen()
    const address = `127.0.0.1:${String(port)}`
    await dial(address, { credentials: psk(secrets.second) }).catch(() => undefined)
    await dial(address)
      .then((dialed) => offerOn(dialed))
      .catch(() => undefined)
    await listener.close()
    assertSilent(lines.join('\n'))
  })
})

describe('a private key', { skip: skipWithoutOpenssl }, () => {
  it('is in no dialled socket that is inspected', async () => {
    const own = await authority()
    const ca = own.ca
    const issue = async (name: string): Promise<Credentials> => {
      return { kind: 'mtls', ...(await own.issue(`DNS:${name}`)), ca, cluster: 'shop' }
    }
    const [a, b] = [await issue('a'), await issue('b')]
    const server = await acceptor({ credentials: b })
    const { dialed } = await greetOverTls(server, { credentials: a })
    assert.doesNotMatch(shown(dialed), /PRIVATE KEY/)
  })
})
