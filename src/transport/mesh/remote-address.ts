/** The other end of a connection, as people write it. */
import type { Socket } from 'node:net'

/** "10.0.0.9" or "[fd00::9]"; an IPv4 peer of an IPv6 listener is shown as IPv4. */
export function remoteHostOf({ remoteAddress = 'unknown' }: Pick<Socket, 'remoteAddress'>): string {
  const host = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
  return host.includes(':') ? `[${host}]` : host
}

/** The same with the port. */
export function remoteAddressOf(socket: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteHostOf(socket)}:${String(socket.remotePort ?? 0)}`
}
