/**
 * The one error class, its remote twin and the one table of codes.
 * Nothing in Foundation throws anything else on purpose, except `signal.reason` when the caller
 * aborted.
 */

/** What every code means and whether trying the same call again can succeed. */
export const errorCodes = {
  FND_OPTION_INVALID: {
    retryable: false,
    meaning: 'An option is unknown, of the wrong type or out of range.',
  },
  FND_SECRET_INVALID: {
    retryable: false,
    meaning: 'The cluster secret is missing, unreadable, readable by others, too short or weak.',
  },
  FND_ADDRESS_IN_USE: {
    retryable: true,
    meaning: 'The address to listen on is taken by another process or not of this machine.',
  },
  FND_NOT_RUNNING: {
    retryable: false,
    meaning: 'The node (or part) was not started, or was stopped.',
  },
  FND_LIMIT_REACHED: {
    retryable: true,
    meaning: 'A bounded queue or table is full; the message was not accepted.',
  },
  FND_TIMED_OUT: {
    retryable: true,
    meaning: 'The deadline passed first. Whether the work was done is not known.',
  },
  FND_PACKAGE_MISSING: {
    retryable: false,
    meaning: 'An optional package is needed and not installed.',
  },
  FND_DISCOVERY_FAILED: {
    retryable: true,
    meaning: 'A discovery strategy could not look up peers.',
  },
  FND_DIAL_FAILED: {
    retryable: true,
    meaning: 'No link to the address could be made; details.reason says why.',
  },
  FND_HANDSHAKE_REFUSED: {
    retryable: false,
    meaning: 'The other node answered and refused: secret, cluster or protocol differ.',
  },
  FND_VERSION_UNSUPPORTED: { retryable: false, meaning: 'The nodes share no protocol version.' },
  FND_NAME_IN_USE: { retryable: false, meaning: 'A live node already has this node name.' },
  FND_LINK_LOST: { retryable: true, meaning: 'The link to the node ended.' },
  FND_FRAME_INVALID: { retryable: false, meaning: 'Bytes from a peer break the wire format.' },
  FND_MESSAGE_INVALID: {
    retryable: false,
    meaning: 'The value cannot be carried to another process.',
  },
  FND_MESSAGE_TOO_LARGE: {
    retryable: false,
    meaning: 'The encoded message is larger than its channel allows.',
  },
  FND_TOPIC_INVALID: { retryable: false, meaning: 'The topic or pattern is not well formed.' },
  FND_NODE_UNKNOWN: { retryable: false, meaning: 'No member of the cluster has this name.' },
  FND_NODE_DOWN: { retryable: true, meaning: 'The node left, crashed or cannot be reached.' },
  FND_HANDLER_UNKNOWN: {
    retryable: false,
    meaning: 'The node exports no rpc handler of this name.',
  },
  FND_HANDLER_EXISTS: {
    retryable: false,
    meaning: 'An rpc handler of this name is already registered on this node.',
  },
  FND_REMOTE_FAILED: { retryable: false, meaning: 'The handler on the other node threw.' },
  FND_NAME_TAKEN: {
    retryable: false,
    meaning: 'Another registration, maybe on another node, has this name.',
  },
  FND_NAME_LOST: {
    retryable: false,
    meaning: 'The registration is over: unregistered, or lost to another owner after a partition.',
  },
  FND_NAME_UNKNOWN: {
    retryable: true,
    meaning: 'No node serves this registered name; the call did not run.',
  },
  FND_METHOD_UNKNOWN: {
    retryable: false,
    meaning: 'The service has no callable method of this name.',
  },
  FND_IMPORT_INVALID: {
    retryable: false,
    meaning: 'The configuration of libcluster could not be read; details has line and column.',
  },
  FND_CHILD_EXISTS: {
    retryable: false,
    meaning: 'A child with this id exists, with another specification.',
  },
  FND_CHILD_UNKNOWN: { retryable: false, meaning: 'No child of the cluster has this id.' },
  FND_CHILD_START_FAILED: {
    retryable: false,
    meaning: 'The constructor or start() of the service threw, or took too long.',
  },
  FND_CHILD_NOT_RUNNING: {
    retryable: true,
    meaning: 'The child is not in the state that was expected there; it moves, ends or has ended.',
  },
  FND_CHILD_PINNED: {
    retryable: true,
    meaning: 'The child refuses to be moved now.',
  },
  FND_SERVICE_UNKNOWN: {
    retryable: false,
    meaning: 'No node that may run the child has the service class.',
  },
  FND_NO_NODE: {
    retryable: true,
    meaning: 'No node may run the child: roles, room or the nodes themselves are missing.',
  },
  FND_PLACEMENT_FAILED: {
    retryable: false,
    meaning: 'A placement of supervisor.placements threw; its children are placed by `bounded`.',
  },
  FND_STATE_INVALID: {
    retryable: false,
    meaning: 'The state of a child cannot be handed over: not carriable, too large, or not usable.',
  },
  FND_VIEW_DIFFERS: {
    retryable: true,
    meaning: 'Two nodes see different members for a moment; the request went to the wrong one.',
  },
  FND_MEMBERS_MISSING: {
    retryable: true,
    meaning: 'The cluster has fewer members than monitor.expectedMembers says, for a while.',
  },
  FND_SUBSCRIBER_FAILED: {
    retryable: false,
    meaning: 'A subscriber of a topic threw or rejected; the others still got the message.',
  },
  FND_CONFIG_REFUSED: {
    retryable: false,
    meaning: 'A validator refused the value of a setting; nothing was changed.',
  },
  FND_CONFIG_CONFLICT: {
    retryable: true,
    meaning: 'Another commit holds the setting, or has changed it meanwhile; nothing was changed.',
  },
  FND_CONFIG_ABORTED: {
    retryable: true,
    meaning: 'A member could not vote, or not in time; nothing was changed.',
  },
  FND_CONFIG_IN_DOUBT: {
    retryable: true,
    meaning: 'A commit whose outcome is not known holds the setting; nothing was changed.',
  },
  FND_CONFIG_FILE: {
    retryable: false,
    meaning: 'The config file cannot be opened or read, is in use, or is not one.',
  },
  FND_NO_QUORUM: { retryable: true, meaning: 'Too few of the known members are in view.' },
} as const

/** A code of {@link errorCodes}. Match on it: messages may change, codes do not. */
export type ErrorCode = keyof typeof errorCodes

/** What a caller may add to an error beside its code and message. */
export interface ErrorContext {
  /** Plain data a program can act on, e.g. `{ reason: 'refused', address: '10.0.0.1:7000' }`. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

const brand = Symbol.for('foundation-ts.error')

/**
 * An operating failure: something a correct program must expect.
 * The message says what failed, on what, and what to do.
 */
export class FoundationError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, 'cause' in context ? { cause: context.cause } : undefined)
    this.name = 'FoundationError'
    this.code = code
    this.retryable = errorCodes[code].retryable
    this.details = context.details
    Object.defineProperty(this, brand, { value: true })
  }
}

/** A failure raised on another node: `nodeName` says where, `message` is that node's own. */
export class RemoteError extends FoundationError {
  readonly nodeName: string
  /** The `name` of the error the handler threw, e.g. `TypeError`. */
  readonly remoteName: string
  /** The `code` of the error the handler threw, when it had one. */
  readonly remoteCode: string | undefined
  /** The stack on the other node; only sent when that node runs in development. */
  readonly remoteStack: string | undefined

  constructor(nodeName: string, thrown: RemoteFailure) {
    super('FND_REMOTE_FAILED', thrown.message, { details: { nodeName, code: thrown.code } })
    this.name = 'RemoteError'
    this.nodeName = nodeName
    this.remoteName = thrown.name
    this.remoteCode = thrown.code
    this.remoteStack = thrown.stack
  }
}

/** What crosses the wire of an error thrown by a handler. */
export interface RemoteFailure {
  readonly name: string
  readonly message: string
  readonly code?: string | undefined
  readonly stack?: string | undefined
}

/** True for errors of this package, also when two copies of it are loaded. */
export function isFoundationError(value: unknown): value is FoundationError {
  return value instanceof Error && brand in value
}

/** Any thrown value as an Error, for logs and `cause`. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
