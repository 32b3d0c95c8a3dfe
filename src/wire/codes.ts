/**
 * The one table of numbers that mean something on the wire. A number is never reused or moved:
 * two versions of the protocol may meet in one cluster.
 */

/** The first byte of every payload: which part of a node it is for and what it says. */
export const messageCodes = {
  // membership
  memberList: 16,
  probe: 17,
  probeAck: 18,
  probeRequest: 19,
  probeReport: 20,
  suspect: 21,
  refute: 22,
  leaving: 23,
  // replication: the owner log
  logDelta: 32,
  logSnapshot: 33,
  logDigest: 34,
  logFetch: 35,
  logAck: 36,
  // replication: the versioned map
  mapRecords: 37,
  mapAck: 38,
  mapDigest: 39,
  // replication: a message of another part that waits for the owner log of its sender
  fenced: 40,
  // pubsub
  publish: 48,
  // rpc
  rpcRequest: 64,
  rpcReply: 65,
  rpcAbort: 66,
  // registry
  nameClaims: 80,
  nameReleases: 81,
  nameVerdicts: 82,
  nameView: 83,
  rpcRequestTraced: 67,
  // supervisor
  childView: 112,
  // monitor
  vitalSigns: 144,
  // config
  configPrepare: 128,
  configVote: 129,
  configDecision: 130,
  configAck: 131,
  configInquiry: 132,
  configAnswer: 133,
  configConflict: 134,
} as const

/** Name of a message in {@link messageCodes}. */
export type MessageName = keyof typeof messageCodes

/** What a frame between two nodes carries; only the mesh engine reads these. */
export const frameKinds = {
  data: 1,
  fragment: 2,
  fragmentEnd: 3,
  ping: 4,
  pong: 5,
  credit: 6,
  openClass: 7,
  goodbye: 8,
  hello: 16,
  helloReply: 17,
  helloConfirm: 18,
  refuse: 19,
} as const

/** Name of a frame in {@link frameKinds}. */
export type FrameKind = keyof typeof frameKinds

/**
 * Extension types of the codec: values msgpack has no form for. Away from the numbers msgpackr
 * itself gives a meaning to (0, 66, 98, 101, 105, 112, 114, 115, 116, 120, 255).
 */
export const extensionTypes = {
  map: 48,
  set: 49,
  date: 50,
  bigint: 51,
  typedArray: 52,
  error: 53,
  text: 54,
} as const

/** Largest nesting of containers in one value. */
export const valueDepthMax = 32
/** Largest key of an object, in bytes of UTF-8. */
export const valueKeyMaxBytes = 256
