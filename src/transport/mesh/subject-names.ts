/** The node names a certificate stands for: the DNS and URI entries of its SAN. */
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type TLSSocket } from 'node:tls'
import { FoundationError, toError } from '../../kernel/index.ts'
import type { Credentials } from './credentials.ts'

/** `text` as Node prints a SAN: `DNS:a, URI:"x, y"`; entries with odd characters are JSON strings. */
export function namesOfCertificate(text: string | undefined): string[] {
  const names: string[] = []
  for (const [, kind = '', quoted, plain] of (text ?? '').matchAll(entryPattern)) {
    if (kind !== 'DNS' && kind !== 'URI') continue
    names.push(quoted === undefined ? (plain ?? '') : unquoted(quoted))
  }
  return names
}

/** A certificate is its owner's text: what does not parse is no name. */
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return ''
  }
}

const entryPattern = /(?:^|, )([A-Za-z0-9 ]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g

/** True when the peer of this socket showed a certificate for the node name. */
export function certificateHasName(socket: TLSSocket, nodeName: string): boolean {
  return namesOfCertificate(socket.getPeerX509Certificate()?.subjectAltName).includes(nodeName)
}

/**
 * @throws {FoundationError} `FND_SECRET_INVALID`: the certificate, key or authority cannot be read,
 *   do not fit each other, or the certificate is not one for this node.
 */
export function assertUsable(credentials: Credentials, nodeName: string): void {
  if (credentials.kind === 'psk') return
  const { cert, key, ca } = credentials
  const names = namesFrom(() => {
    createSecureContext({ cert, key, ca })
    // A secure context ignores an authority it cannot read.
    assertReadable(ca)
    return new X509Certificate(cert).subjectAltName
  })
  if (names.includes(nodeName)) return
  const message =
    `The certificate of this node is not for "${nodeName}" but for: ${names.join(', ') || 'nobody'}; ` +
    'its SAN needs a DNS or URI entry with the node name'
  throw new FoundationError('FND_SECRET_INVALID', message)
}

function assertReadable(certificates: string | Buffer): void {
  if (new X509Certificate(certificates).subject === '') throw new Error('authority without a name')
}

function namesFrom(read: () => string | undefined): string[] {
  try {
    return namesOfCertificate(read())
  } catch (thrown) {
    const message =
      `The option "tls" cannot be used (${toError(thrown).message}): cert, key and ca must be the ` +
      'texts of PEM files, not their paths, and the key must belong to the cert'
    throw new FoundationError('FND_SECRET_INVALID', message)
  }
}
