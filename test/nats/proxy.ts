/** What stands between one node and its broker, and can be cut: silently, or so that both ends notice. */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** One a node. */
export class Proxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #state: 'open' | 'held' | 'severed' = 'open'

  /** @param brokerPort on loopback. */
  constructor(brokerPort: number) {
    this.#server = createServer((near) => {
      if (this.#state === 'severed') {
        near.destroy()
        return
      }
      const far = connect(brokerPort, '127.0.0.1')
      this.#join(near, far)
      this.#join(far, near)
    })
  }

  /** @returns where the node finds its broker. */
  start(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address()
        const port = typeof address === 'object' && address ? address.port : 0
        resolve(`127.0.0.1:${String(port)}`)
      })
    })
  }

  /** Nothing arrives any more, in either direction, and nobody is told. */
  hold(): void {
    this.#state = 'held'
    for (const socket of this.#sockets) socket.pause()
  }

  /** Ends every connection, and every new one at once. */
  sever(): void {
    this.#state = 'severed'
    for (const socket of this.#sockets) socket.destroy()
  }

  /** What was held arrives, late; new connections are let through. */
  mend(): void {
    this.#state = 'open'
    for (const socket of this.#sockets) socket.resume()
  }

  stop(): Promise<void> {
    this.sever()
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.on('data', (bytes: Buffer) => to.write(bytes))
    from.on('end', () => to.end())
    from.on('error', () => undefined)
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    if (this.#state === 'held') from.pause()
  }
}
