/** The node names a certificate stands for: the DNS and URI entries of its SAN. */
import type { TLSSocket } from 'node:tls'

/** `text` as Node prints a SAN: `DNS:a, URI:"x, y"`; entries with odd characters are JSON strings. */
export function namesOfCertificate(text: string | undefined): string[] {
  const names: string[] = []
  for (const [, kind = '', quoted, plain] of (text ?? '').matchAll(entryPattern)) {
    if (kind !== 'DNS' && kind !== 'URI') continue
    names.push(quoted === undefined ? (plain ?? '') : String(JSON.parse(quoted)))
  }
  return names
}

const entryPattern = /(?:^|, )([A-Za-z0-9 ]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g

/** True when the peer of this socket showed a certificate for the node name. */
export function certificateHasName(socket: TLSSocket, nodeName: string): boolean {
  return namesOfCertificate(socket.getPeerX509Certificate()?.subjectAltName).includes(nodeName)
}
