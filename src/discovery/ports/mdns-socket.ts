/**
 * Multicast DNS by the package `multicast-dns`: it encodes, decodes and joins; what is asked and
 * answered is decided in `strategies/mdns/`.
 */
import { createSocket } from 'node:dgram'
import { deferred, importPackage, toError } from '../../kernel/index.ts'
import type { MdnsPacket, MdnsSocket, MdnsSocketOptions, MdnsSource } from '../port/mdns-port.ts'
import { fromWire, toWire, type WirePacket } from './mdns-wire.ts'

/** What is used of the package. */
type MulticastDns = (options: object) => MulticastDnsInstance

interface MulticastDnsInstance {
  on(event: 'packet', listener: (packet: WirePacket, source: MdnsSource) => void): void
  on(event: 'error' | 'warning', listener: (error: Error) => void): void
  send(packet: WirePacket, to: MdnsSource | null, done: (error?: Error | null) => void): void
  destroy(done: () => void): void
}

/** Opens one. @throws {FoundationError} (rejects) `FND_PACKAGE_MISSING`, or the system's error. */
export async function openMdns(options: MdnsSocketOptions): Promise<MdnsSocket> {
  const library = options.library ?? (await importPackage('multicast-dns', 'The strategy "mdns"'))
  const { interfaceAddress, port, onPacket, onError } = options
  // Bound here and not by the package: exclusive, or workers of node:cluster would share one socket.
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const bound = deferred<undefined>()
  let isOpen = false
  const failed = (error: Error): void => {
    if (isOpen) onError(error)
    else bound.reject(error)
  }
  const settings = { socket, bind: false, port, interface: interfaceAddress, ttl: 255 }
  const instance = (library as MulticastDns)(settings)
  instance.on('error', failed)
  // The package warns of packets that are none, which is the network's noise, and of failed joins.
  instance.on('warning', (warning) => {
    if ('syscall' in warning) failed(warning)
  })
  instance.on('packet', (packet, source) => {
    onPacket(fromWire(packet), { address: source.address, port: source.port })
  })
  socket.bind({ port, address: '0.0.0.0', exclusive: true }, () => {
    bound.resolve(undefined)
  })
  const close = closer(instance)
  try {
    await bound.promise
    isOpen = true
    return { send: (packet, to) => send(instance, packet, to), close }
  } catch (error) {
    await close()
    throw toError(error)
  }
}

function closer(instance: MulticastDnsInstance): () => Promise<void> {
  let closed: Promise<void> | undefined
  return () =>
    (closed ??= new Promise((resolve) => {
      instance.destroy(resolve)
    }))
}

function send(
  instance: MulticastDnsInstance,
  packet: MdnsPacket,
  to: MdnsSource | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    instance.send(toWire(packet), to ?? null, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
