/** A handshake whose last word comes after a newer link: it must not bring the streams back. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { deferred, systemHost } from '../../kernel/index.ts'
import { protocolVersions } from '../../wire/index.ts'
import { dialTls } from './dialer.ts'
import { offer, type Greeted } from './handshake.ts'
import type { HelloConfirm } from './hello.ts'
import { TestNode, credentials, identity, until } from './mesh-fixture.test.ts'

const peerOfAll = identity('slow')

interface Handshake {
  /** Resolves when the node has answered and waits for the last word. */
  readonly answered: Promise<true>
  confirm(words: HelloConfirm): void
  readonly greeted: Promise<Greeted>
}

/** A handshake made by hand, up to its last word. */
async function begin(node: TestNode): Promise<Handshake> {
  const shared = { host: systemHost, timeoutMs: 4_000 }
  const { socket, peer } = await dialTls(node.address, {
    ...{ ...shared, credentials, self: peerOfAll.name, expect: '*' },
  })
  const [answered, words] = [deferred<true>(), deferred<HelloConfirm>()]
  const greeted = offer(socket, {
    ...{ ...shared, peer, address: node.address },
    hello: {
      ...{ protocol: protocolVersions, identity: peerOfAll, class: 'control', nonce: 'n' },
      ...{ nextSequence: [], epoch: 0 },
    },
    decide: () => {
      answered.resolve(true)
      return words.promise
    },
  })
  return { answered: answered.promise, confirm: words.resolve, greeted }
}

const nextSequence = [1, 1, 1, 1]

async function confirmed(node: TestNode, handshake: Handshake, epoch: number): Promise<TLSSocket> {
  handshake.confirm({ epoch, nextSequence })
  const { socket } = await handshake.greeted
  await until(`up with epoch ${String(epoch)}`, () => node.ups.at(-1)?.epoch === epoch)
  return socket
}

describe('A CONFIRM that comes late', () => {
  for (const epoch of [1, 2]) {
    it(`with epoch ${String(epoch)} does not replace the live link of epoch 2`, async () => {
      const node = await new TestNode('host').start()
      try {
        const [late, prompt] = await Promise.all([begin(node), begin(node)])
        await Promise.all([late.answered, prompt.answered])
        const live = await confirmed(node, prompt, 2)
        late.confirm({ epoch, nextSequence })
        const { socket } = await late.greeted
        socket.resume()
        await until('the late connection is closed', () => socket.destroyed)
        assert.deepEqual(node.downs, [])
        assert.equal(node.ups.length, 1)
        live.destroy()
        await until('down', () => node.downs.length === 1)
        const next = await begin(node)
        await next.answered
        ;(await confirmed(node, next, 3)).destroy()
      } finally {
        await node.mesh.stop(50)
      }
    })
  }
})
