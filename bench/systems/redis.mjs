/**
 * Redis pub/sub through its server, by ioredis. The server answers each PUBLISH; the publisher
 * does not wait for each answer but keeps at most 2000 messages or 1 MiB unanswered.
 */
import { Redis } from 'ioredis'
import { pack, unpack } from 'msgpackr'
import { carriesBytes, publishEach, Window } from './system.mjs'

/** @param {import('./system.mjs').Place} place */
export async function open({ server }) {
  const options = { lazyConnect: true, retryStrategy: () => 100, maxRetriesPerRequest: null }
  const publisher = new Redis(server, options)
  const subscriber = new Redis(server, options)
  await Promise.all([publisher.connect(), subscriber.connect()])
  const listeners = new Map()
  const window = new Window({ messages: 2000, bytes: 1024 * 1024 })
  subscriber.on('messageBuffer', (channel, body) => {
    const topic = channel.toString()
    listeners.get(topic)?.(carriesBytes(topic) ? body : unpack(body))
  })

  const endpoint = {
    subscribe: async (topic, listener) => {
      listeners.set(topic, listener)
      await subscriber.subscribe(topic)
    },
    reach: () => publisher.ping(),
    publish: (topic, body) => {
      const bytes = carriesBytes(topic) ? body : pack(body)
      return window.add(publisher.publish(topic, bytes), bytes.length)
    },
    publishMany: (topic, body, count) => publishEach(endpoint, topic, { body, count }),
    close: async () => {
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
  return endpoint
}
