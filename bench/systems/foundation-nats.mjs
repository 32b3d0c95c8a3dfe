/**
 * Foundation over a NATS broker: the same program with another engine.
 *
 * Settings: any `startNode` option.
 */
import { nats } from '../../dist/transport/nats/index.js'
import { open as openFoundation } from './foundation.mjs'

/** @param {import('./system.mjs').Place} place */
export async function open(place) {
  const { server, settings = {} } = place
  const endpoint = await openFoundation({
    ...place,
    settings: { ...settings, transport: nats({ servers: server }) },
  })
  const { node } = endpoint
  endpoint.reach = (peers) => node.ready({ minPeers: peers.length, timeoutMs: 30_000 })
  return endpoint
}
