import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLog } from '../../kernel/index.ts'
import type { Client } from './client.ts'
import { Listening } from './listening.ts'

/** A client whose connection can be lost. */
class TestClient {
  readonly subscribed: string[] = []
  state: 'up' | 'away' = 'up'

  subscribe(subject: string): { unsubscribe(): void; drain(): Promise<void> } {
    this.subscribed.push(subject)
    return { unsubscribe: () => undefined, drain: () => Promise.resolve() }
  }

  flush(): Promise<void> {
    return this.state === 'up' ? Promise.resolve() : Promise.reject(new Error('lost'))
  }
}

function make(): { client: TestClient; listening: Listening } {
  const client = new TestClient()
  const whenUp = (): Client | undefined =>
    client.state === 'up' ? (client as unknown as Client) : undefined
  const listening = new Listening({ log: silentLog, client: whenUp, received: () => undefined })
  return { client, listening }
}

describe('listening', () => {
  it('that begins while the broker is away is made up for, and ready only then', async () => {
    const { client, listening } = make()
    await listening.add('a')
    client.state = 'away'
    let isReady = false
    const ready = listening.add('b').then(() => (isReady = true))
    await new Promise(setImmediate)
    assert.equal(isReady, false)
    client.state = 'up'
    listening.back(client as unknown as Client)
    await ready
    assert.deepEqual(client.subscribed, ['a', 'b'])
  })

  it('is made again on another client', async () => {
    const { client, listening } = make()
    await listening.add('a')
    const next = new TestClient()
    listening.moveTo(next as unknown as Client)
    assert.deepEqual([client.subscribed, next.subscribed], [['a'], ['a']])
  })

  it('holds nobody up who gives it up', async () => {
    const { client, listening } = make()
    client.state = 'away'
    const ready = [listening.add('a'), listening.add('b')]
    listening.remove('a')
    listening.stop()
    await Promise.all(ready)
  })
})
