/**
 * Moleculer's own TCP transporter: no broker, no encryption, JSON (its default serializer).
 * Broadcast events resolve when the socket took the bytes; at most 2000 messages or 1 MiB wait
 * for that.
 */
import moleculer from 'moleculer'
import { waitFor } from '../harness/clock.mjs'
import { publishEach, Window } from './system.mjs'

/** @param {import('./system.mjs').Place} place */
export async function open({ app, name, host, roster }) {
  const urls = roster.map((peer) => `tcp://${peer.host}:${peer.port}/${peer.name}`)
  const transporter = {
    type: 'TCP',
    options: {
      udpDiscovery: false,
      useHostname: false,
      gossipPeriod: 1,
      urls,
      maxPacketSize: 2 ** 24,
    },
  }
  const broker = new moleculer.ServiceBroker({
    namespace: app,
    nodeID: name,
    transporter,
    logger: false,
  })
  // Its own choice would be the first address of the machine that is not loopback.
  broker.registry.nodes.localNode.ipList = [host]
  await broker.start()
  const window = new Window({ messages: 2000, bytes: 1024 * 1024 })

  const isReached = (topic, peers) => {
    const endpoints = broker.registry.events.getAllEndpoints(topic)
    return peers.every((peer) => endpoints.some((endpoint) => endpoint.id === peer))
  }

  const reach = async (peers, topics) => {
    const limit = { timeoutMs: 30_000, what: 'every peer is known with its subscriptions' }
    await waitFor(() => topics.every((topic) => isReached(topic, peers)), limit)
  }

  const endpoint = {
    subscribe: async (topic, listener) => {
      const events = { [topic]: (context) => listener(revived(context.params)) }
      broker.createService({ name: `listener-${topic}`, events })
    },
    reach,
    awaitReached: reach,
    publish: (topic, body) => window.add(broker.broadcast(topic, body), body.length ?? 100),
    publishMany: (topic, body, count) => publishEach(endpoint, topic, { body, count }),
    close: () => broker.stop(),
    watch: (listener) => {
      const listen = (event, type) =>
        broker.localBus.on(event, ({ node }) => listener({ type, name: node.id }))
      listen('$node.connected', 'up')
      listen('$node.disconnected', 'down')
    },
    members: () =>
      broker.registry.nodes
        .toArray()
        .filter((node) => node.available && !node.local)
        .map((node) => node.id),
  }
  return endpoint
}

/** JSON turns bytes into `{ type: 'Buffer', data: [...] }`; only their number matters here. */
function revived(body) {
  return body?.type === 'Buffer' ? { length: body.data.length } : body
}
