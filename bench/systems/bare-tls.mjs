/**
 * The least one could do by hand: TLS 1.3 with a shared key, length-prefixed msgpack, no topics
 * beyond one byte, no membership, no loss detection. What Foundation adds costs the difference.
 *
 * Messages are written one by one between `cork` and `uncork`, and `drain` is honoured.
 *
 * Settings: `separate: true` gives each kind of traffic a socket of its own. `batched: true` joins
 * frames to 32 KiB by hand before they are written: the most one can get out of the socket.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import process from 'node:process'
import { connect, createServer } from 'node:tls'
import { pack, unpack } from 'msgpackr'
import { carriesBytes, publishEach } from './system.mjs'

const topics = [
  'events.bench',
  'control.ping',
  'control.pong',
  'bulk.data',
  'events.ping',
  'events.pong',
]
const headBytes = 5
const batchBytes = 32 * 1024

/** One socket: frames out in batches, frames in to the listeners. */
class Wire {
  #socket
  #listeners
  #isBatched
  #batch = []
  #batchedBytes = 0
  #rest = Buffer.alloc(0)
  #drained

  constructor(socket, { listeners, isBatched }) {
    this.#socket = socket
    this.#listeners = listeners
    this.#isBatched = isBatched
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('error', () => socket.destroy())
  }

  /** @returns {Promise<unknown> | undefined} something to wait for when the socket is full */
  write(frame) {
    if (this.#isBatched) this.#addToBatch(frame)
    else this.#writeCorked(frame)
    return this.#socket.writableNeedDrain ? this.#whenDrained() : undefined
  }

  #writeCorked(frame) {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork()
      process.nextTick(() => this.#socket.uncork())
    }
    this.#socket.write(frame)
  }

  #addToBatch(frame) {
    if (this.#batch.length === 0) process.nextTick(() => this.#flush())
    this.#batch.push(frame)
    this.#batchedBytes += frame.length
    if (this.#batchedBytes >= batchBytes) this.#flush()
  }

  close() {
    this.#socket.destroy()
  }

  #whenDrained() {
    this.#drained ??= new Promise((resolve) => {
      const done = () => {
        this.#drained = undefined
        this.#socket.off('drain', done).off('close', done)
        resolve()
      }
      this.#socket.on('drain', done).on('close', done)
    })
    return this.#drained
  }

  #flush() {
    if (this.#batch.length === 0) return
    const bytes = this.#batch.length === 1 ? this.#batch[0] : Buffer.concat(this.#batch)
    this.#batch = []
    this.#batchedBytes = 0
    if (!this.#socket.destroyed) this.#socket.write(bytes)
  }

  #read(chunk) {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let at = 0
    while (bytes.length - at >= headBytes) {
      const end = at + headBytes + bytes.readUInt32BE(at)
      if (end > bytes.length) break
      this.#deliver(topics[bytes[at + 4]], bytes.subarray(at + headBytes, end))
      at = end
    }
    this.#rest = at === bytes.length ? Buffer.alloc(0) : bytes.subarray(at)
  }

  #deliver(topic, body) {
    const listener = this.#listeners.get(topic)
    if (listener) listener(carriesBytes(topic) ? body : unpack(body))
  }
}

/** @param {import('./system.mjs').Place} place */
export async function open({ host, port, roster, secret, settings = {} }) {
  const psk = createHash('sha256').update(secret).digest()
  const security = {
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
  }
  const listeners = new Map()
  const wireOptions = { listeners, isBatched: settings.batched === true }
  const lanes = { main: [], bulk: [] }
  const server = createServer({ ...security, pskCallback: () => psk }, (socket) => {
    // The first byte a dialler sends says which lane the socket is for.
    socket.once('data', (first) => {
      lanes[first[0] === 1 ? 'bulk' : 'main'].push(new Wire(socket, wireOptions))
      if (first.length > 1) socket.unshift(first.subarray(1))
    })
  })
  server.listen(port, host)
  await once(server, 'listening')

  const dial = async (peer, lane) => {
    const identity = { psk, identity: 'bench' }
    const socket = connect({
      ...security,
      ...peer,
      pskCallback: () => identity,
      checkServerIdentity: () => undefined,
    })
    await once(socket, 'secureConnect')
    socket.write(Buffer.from([lane === 'bulk' ? 1 : 0]))
    lanes[lane].push(new Wire(socket, wireOptions))
  }

  const endpoint = {
    subscribe: async (topic, listener) => void listeners.set(topic, listener),
    reach: async (peers) => {
      for (const { name, host: peerHost, port: peerPort } of roster) {
        if (!peers.includes(name)) continue
        await dial({ host: peerHost, port: peerPort }, 'main')
        if (settings.separate) await dial({ host: peerHost, port: peerPort }, 'bulk')
      }
    },
    publish: (topic, body) => {
      const frame = frameOf(topic, body)
      const lane = settings.separate && carriesBytes(topic) ? lanes.bulk : lanes.main
      const waits = lane.map((wire) => wire.write(frame)).filter((wait) => wait !== undefined)
      return waits.length === 0 ? undefined : Promise.all(waits)
    },
    publishMany: (topic, body, count) => publishEach(endpoint, topic, { body, count }),
    close: async () => {
      for (const wire of [...lanes.main, ...lanes.bulk]) wire.close()
      server.close()
    },
  }
  return endpoint
}

function frameOf(topic, body) {
  const encoded = carriesBytes(topic) ? body : pack(body)
  const frame = Buffer.allocUnsafe(headBytes + encoded.length)
  frame.writeUInt32BE(encoded.length, 0)
  frame[4] = topics.indexOf(topic)
  frame.set(encoded, headBytes)
  return frame
}
