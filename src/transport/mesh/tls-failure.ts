/**
 * Says why a connection was not made, in words a person can act on. OpenSSL's own codes mislead:
 * an unknown PSK identity is "no suitable signature algorithm" at one end and "handshake failure"
 * at the other.
 */
import { FoundationError, isFoundationError, toError, type ErrorCode } from '../../kernel/index.ts'
import type { DialFailure } from '../port/port.ts'
import type { PskVerdict } from './psk.ts'

/** Reasons inside the mesh: `duplicate` is a link that exists already or is being made. */
export type MeshFailure = DialFailure | 'duplicate'

/** A reason and the sentence for it. */
export interface Refusal {
  readonly reason: MeshFailure
  readonly message: string
}

const compareSecrets = 'run `foundation secret fingerprint` on both'

const codesByReason: Readonly<Record<MeshFailure, ErrorCode>> = {
  refused: 'FND_DIAL_FAILED',
  timeout: 'FND_DIAL_FAILED',
  unreachable: 'FND_DIAL_FAILED',
  auth: 'FND_HANDSHAKE_REFUSED',
  cluster_mismatch: 'FND_HANDSHAKE_REFUSED',
  self: 'FND_DIAL_FAILED',
  version: 'FND_VERSION_UNSUPPORTED',
  name_in_use: 'FND_NAME_IN_USE',
  leaving: 'FND_DIAL_FAILED',
  rejected: 'FND_DIAL_FAILED',
  broken: 'FND_DIAL_FAILED',
  duplicate: 'FND_DIAL_FAILED',
}

/** True for a reason this version knows. */
export function isMeshFailure(reason: string): reason is MeshFailure {
  return Object.hasOwn(codesByReason, reason)
}

/** The error of a dial or handshake that gave no link; `details` has `reason` and `address`. */
export function dialError(refusal: Refusal, address: string, cause?: unknown): FoundationError {
  const { reason, message } = refusal
  return new FoundationError(codesByReason[reason], message, {
    details: { reason, address },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** The reason a dial or handshake failed for, when it is known. */
export function reasonOf(error: unknown): string | undefined {
  const reason = isFoundationError(error) ? error.details?.['reason'] : undefined
  return typeof reason === 'string' ? reason : undefined
}

const networkReasons: Readonly<Record<string, Refusal>> = {
  ECONNREFUSED: { reason: 'refused', message: 'nobody listens there' },
  ETIMEDOUT: { reason: 'timeout', message: 'no answer in time' },
  ENOTFOUND: { reason: 'unreachable', message: 'the name does not resolve' },
  EAI_AGAIN: { reason: 'unreachable', message: 'the name does not resolve now' },
  EHOSTUNREACH: { reason: 'unreachable', message: 'there is no route' },
  ENETUNREACH: { reason: 'unreachable', message: 'there is no route' },
  EHOSTDOWN: { reason: 'unreachable', message: 'the host is down' },
  EADDRNOTAVAIL: { reason: 'unreachable', message: 'this machine cannot dial it' },
  EINVAL: { reason: 'unreachable', message: 'this machine cannot dial it' },
  EACCES: { reason: 'unreachable', message: 'this machine is not allowed to dial it' },
}

const dialerTable: readonly (readonly [RegExp, Refusal])[] = [
  [
    /HANDSHAKE_FAILURE|DECRYPT_ERROR|ILLEGAL_PARAMETER|UNKNOWN_PSK_IDENTITY/,
    {
      reason: 'auth',
      message:
        `it refused our key: its secret differs (${compareSecrets}), it belongs to another ` +
        'cluster, or another node than the one expected listens there',
    },
  ],
  [
    /CERT|UNKNOWN_CA|ACCESS_DENIED|UNABLE_TO/,
    {
      reason: 'auth',
      message:
        'a certificate is not accepted: check `cert` and `ca` on both nodes, or use a secret on both',
    },
  ],
  [
    /WRONG_VERSION_NUMBER|PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|APPLICATION_PROTOCOL|HTTP_REQUEST|PACKET_LENGTH|UNEXPECTED_MESSAGE/,
    { reason: 'broken', message: 'what listens there is not a Foundation node' },
  ],
]

/** Why dialing `address` failed, from the error of the socket. */
export function dialFailure(thrown: unknown, address: string): FoundationError {
  const error = toError(thrown)
  const code = codeOf(error)
  const found =
    networkReasons[code] ??
    dialerTable.find(([pattern]) => pattern.test(code))?.[1] ??
    ({ reason: 'broken', message: `the connection ended during the handshake (${code})` } as const)
  const message = `Cannot link to ${address}: ${found.message}`
  return dialError({ reason: found.reason, message }, address, error)
}

const verdictReasons: Readonly<Record<Exclude<PskVerdict['kind'], 'known'>, Refusal>> = {
  malformed: { reason: 'auth', message: 'its key identity is not one of a Foundation node' },
  'other-cluster': {
    reason: 'cluster_mismatch',
    message: 'it belongs to another cluster; set the same `app` on both to join them',
  },
  'other-secret': {
    reason: 'auth',
    message: `its secret differs: ${compareSecrets}`,
  },
  'other-server': {
    reason: 'auth',
    message: 'it expected another node at this address (an old address, or a rerouted connection)',
  },
}

const listenerTable: readonly (readonly [RegExp, Refusal])[] = [
  [/BINDER/, verdictReasons['other-secret']],
  [/HANDSHAKE_TIMEOUT/, { reason: 'timeout', message: 'it did not finish the handshake in time' }],
  [
    /SIGNATURE_ALGORITHM|NO_SHARED_CIPHER/,
    { reason: 'auth', message: 'it offered no key: not a Foundation node, or set up without one' },
  ],
  [/CERT|UNKNOWN_CA|UNABLE_TO/, { reason: 'auth', message: 'its certificate is not accepted' }],
  [
    /HTTP|VERSION|PROTOCOL|PACKET|RECORD/,
    { reason: 'broken', message: 'it speaks something else than Foundation over TLS 1.3' },
  ],
]

/** Why a connection from `address` was turned away, from the error and what its identity said. */
export function acceptFailure(
  thrown: unknown,
  address: string,
  verdict?: PskVerdict['kind'],
): Refusal {
  const code = codeOf(toError(thrown))
  const found =
    verdict !== undefined && verdict !== 'known'
      ? verdictReasons[verdict]
      : (listenerTable.find(([pattern]) => pattern.test(code))?.[1] ??
        ({ reason: 'broken', message: `it ended the connection (${code})` } as const))
  return { reason: found.reason, message: `Turned away ${address}: ${found.message}` }
}

/** The code of a socket's error; several addresses tried at once give one error that holds many. */
function codeOf(error: Error): string {
  if ('code' in error && typeof error.code === 'string') return error.code
  if (error instanceof AggregateError) return codeOf(toError(error.errors[0]))
  return error.message.slice(0, 80)
}
