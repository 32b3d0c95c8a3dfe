/**
 * What a node proves itself with: the cluster's secrets (everybody who has one is a member), or a
 * certificate of its own (a node is what its certificate says). Never both on one listener: a TLS
 * server that has a certificate lets clients in that have no pre-shared key.
 */
import type { Keyring } from '../../kernel/index.ts'

/** Shared secrets; the default. */
export interface PskCredentials {
  readonly kind: 'psk'
  readonly keyring: Keyring
  readonly cluster: string
}

/** Mutual TLS: PEM texts. The node name must be a DNS or URI entry of the certificate's SAN. */
export interface CertificateCredentials {
  readonly kind: 'mtls'
  readonly cert: string | Buffer
  readonly key: string | Buffer
  readonly ca: string | Buffer
  readonly cluster: string
}

/** What both ends of every connection of a node are made with. */
export type Credentials = PskCredentials | CertificateCredentials

/** What TLS proved of the node at the other end; HELLO must not claim anything else. */
export interface PeerProof {
  /**
   * True when the authenticated identity (names in the PSK identity, or the SAN) belongs to this
   * node name. A dialer that expected any node (`*`) and used a secret accepts every name.
   */
  matches(nodeName: string): boolean
  /** Public id of the secret in use; after a rotation, connections of a removed one can be ended. */
  readonly keyId: string | undefined
}

/** The proof, and the way to say that HELLO is done. */
export interface VerifiedPeer extends PeerProof {
  /** Accepting side: the socket no longer counts against the listener's bounds. */
  greeted(): void
}

/** The application protocol both ends insist on (ALPN). */
export const applicationProtocol = 'fnd/1'

/**
 * Settings of both ends: TLS 1.3 only, and suites with SHA-256 only, because an external PSK works
 * with no other hash. ChaCha20 first: AES-GCM keys wear out after 2^24.5 full records and Node
 * cannot update keys, ChaCha20 has no such limit.
 *
 * @source RFC 8446 section 5.5
 */
export const tlsSettings = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256',
} as const
