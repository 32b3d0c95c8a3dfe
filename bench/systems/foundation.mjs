/**
 * Foundation as a user starts it: the built package, encrypted, every broadcast awaited.
 *
 * Settings: `cluster` (default `false`, processes are connected by hand), `configFolder` (each process
 * keeps its settings in a file there) and any other `startNode` option.
 */
import path from 'node:path'
import { startNode } from '../../dist/index.js'
import { services } from '../tasks/children.mjs'
import { carriesBytes, publishEach } from './system.mjs'

const newsTypes = { 'member-up': 'up', 'member-suspect': 'suspect', 'member-down': 'down' }

/** Members that go down are news here, not warnings. */
const log = {
  child: () => log,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (...parts) => console.error(...parts),
}

/** @param {import('./system.mjs').Place} place */
export async function open({ app, name, host, port, roster, secret, settings = {} }) {
  const { configFolder, ...options } = settings
  const config = configFolder ? { config: { file: path.join(configFolder, name) } } : {}
  const node = await startNode({
    ...{ app, name, secret, services, log, listen: { host, port } },
    ...{ ...config, ...options },
  })

  const remotes = new Map()
  const remoteOf = (peer) => {
    const known = remotes.get(peer) ?? node.registry.get(`echo@${peer}`)
    remotes.set(peer, known)
    return known
  }
  const endpoint = {
    node,
    subscribe: async (topic, listener) => {
      await node.pubsub.subscribe(topic, listener).ready
    },
    reach: async (peers) => {
      const wanted = roster.filter((peer) => peers.includes(peer.name))
      await Promise.all(wanted.map((peer) => node.connect(`${peer.host}:${peer.port}`)))
    },
    publish: (topic, body) => node.pubsub.broadcast(topic, body),
    publishMany: (topic, body, count) => publishEach(endpoint, topic, { body, count }),
    serve: (handler) => node.registry.register(`echo@${name}`, { call: handler }),
    request: (peer, body) => remoteOf(peer).call(body),
    close: () => node.stop(),
    watch: (listener) => {
      for (const [event, type] of Object.entries(newsTypes)) {
        node.on(event, ({ member }) => listener({ type, name: member.name }))
      }
    },
    members: () =>
      node
        .members({ status: ['alive'] })
        .filter((member) => !member.isSelf)
        .map((member) => member.name),
  }
  return endpoint
}
