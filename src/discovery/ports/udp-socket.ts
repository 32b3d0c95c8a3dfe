/**
 * UDP sockets for discovery.
 * Every socket is exclusive, or workers of node:cluster would share one and split its packets.
 */
import { createSocket, type Socket } from 'node:dgram'
import type { UdpOptions, UdpSocket } from '../port/ports.ts'

/** Opens and binds one. @throws (rejects) with the system's error, e.g. `EADDRINUSE`. */
export function openUdp(options: UdpOptions): Promise<UdpSocket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: options.isShared })
  socket.on('message', (bytes, source) => {
    options.onMessage(bytes, source.address)
  })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    const address = options.bindAddress
    socket.bind({ address, port: options.bindPort, exclusive: true }, () => {
      socket.off('error', reject)
      try {
        configure(socket, options)
        resolve(wrap(socket))
      } catch (error) {
        socket.close()
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
  })
}

function configure(socket: Socket, options: UdpOptions): void {
  socket.on('error', options.onError)
  if (options.mayBroadcast) socket.setBroadcast(true)
  if (options.multicastTtl !== undefined) socket.setMulticastTTL(options.multicastTtl)
  if (options.multicastInterface === undefined) return
  socket.setMulticastInterface(options.multicastInterface)
  // Other processes of this machine, and the self-test, need our own packets back.
  socket.setMulticastLoopback(true)
}

function wrap(socket: Socket): UdpSocket {
  let closed: Promise<void> | undefined
  return {
    send: (bytes, port, address) =>
      new Promise((resolve, reject) => {
        if (closed) {
          resolve()
          return
        }
        socket.send(bytes, port, address, (error) => {
          if (error) reject(error)
          else resolve()
        })
      }),
    join: (group, interfaceAddress) => {
      socket.addMembership(group, interfaceAddress)
    },
    leave: (group, interfaceAddress) => {
      try {
        socket.dropMembership(group, interfaceAddress)
      } catch {
        // The interface is gone and its membership with it.
      }
    },
    close: () =>
      (closed ??= new Promise((resolve) => {
        socket.close(resolve)
      })),
  }
}
