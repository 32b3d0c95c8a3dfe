/**
 * NATS core through its server, by the official client. The client queues without a bound, so
 * the publisher waits for a flush (a round trip to the server) with one more window in flight.
 *
 * Settings: `separate: true` publishes bulk on a connection of its own.
 */
import { connect } from '@nats-io/transport-node'
import { pack, unpack } from 'msgpackr'
import { carriesBytes, publishEach } from './system.mjs'

const windowBytes = 1024 * 1024

class Publisher {
  #connection
  #unflushedBytes = 0
  #flushing = Promise.resolve()

  constructor(connection) {
    this.#connection = connection
  }

  publish(topic, bytes) {
    this.#connection.publish(topic, bytes)
    this.#unflushedBytes += bytes.length
    if (this.#unflushedBytes < windowBytes) return undefined
    this.#unflushedBytes = 0
    const former = this.#flushing
    this.#flushing = this.#connection.flush()
    return former
  }
}

/** @param {import('./system.mjs').Place} place */
export async function open({ server, name, settings = {} }) {
  const options = { servers: server, name, waitOnFirstConnect: true, reconnectTimeWait: 100 }
  const main = await connect(options)
  const second = settings.separate ? await connect(options) : main
  const publisher = new Publisher(main)
  const bulkPublisher = settings.separate ? new Publisher(second) : publisher

  const endpoint = {
    subscribe: async (topic, listener) => {
      const bytes = carriesBytes(topic)
      const connection = bytes ? second : main
      const callback = (error, message) => {
        if (!error) listener(bytes ? message.data : unpack(message.data))
      }
      connection.subscribe(topic, { callback })
      await connection.flush()
    },
    reach: () => Promise.resolve(),
    publish: (topic, body) =>
      carriesBytes(topic)
        ? bulkPublisher.publish(topic, body)
        : publisher.publish(topic, pack(body)),
    publishMany: (topic, body, count) => publishEach(endpoint, topic, { body, count }),
    serve: async (handler) => {
      const callback = (error, message) => {
        if (!error) message.respond(pack(handler(unpack(message.data))))
      }
      main.subscribe(`echo.${name}`, { callback })
      await main.flush()
    },
    request: async (peer, body) =>
      unpack((await main.request(`echo.${peer}`, pack(body), { timeout: 5000 })).data),
    close: async () => {
      await second.close()
      await main.close()
    },
  }
  return endpoint
}
