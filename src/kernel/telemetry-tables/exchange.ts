/** What nodes send each other: events and spans. */

/** Events by name. */
export const exchangeEvents = {
  'events.event.emitted': {
    meaning: 'An event of this node.',
    measurements: { count: '1.' },
    metadata: { type: 'Its type.', id: 'Its id.', to: '`node` or `everyone`.' },
    labels: ['to'],
  },
  'events.event.received': {
    meaning: 'An event of another node.',
    measurements: { count: '1.', bytes: 'As encoded.' },
    metadata: { type: 'Its type.', id: 'Its id.', from: 'The node that emitted it.' },
    labels: [],
  },
  'events.history.evicted': {
    meaning: 'The history let an event go for a later one.',
    measurements: { count: '1.', bytes: 'As encoded.' },
    metadata: { type: 'Its type.', id: 'Its id.' },
    labels: [],
  },
  'pubsub.message.dropped': {
    meaning: 'A message was dropped by an overflow policy.',
    measurements: { count: '1.' },
    metadata: { target: 'The peer and channel, or the subscription.' },
    labels: [],
  },
  'replication.snapshot.begun': {
    meaning: 'A peer is sent the whole owner log.',
    measurements: { entries: 'How many it has.' },
    metadata: {},
    labels: [],
  },
  'replication.fetch.begun': {
    meaning: 'Changes of an owner were missed and are fetched.',
    measurements: { from: 'The first sequence missed.' },
    metadata: { owner: 'Whose.' },
    labels: [],
  },
  'replication.replica.differs': {
    meaning: 'A replica is not what its owner has, at the same sequence.',
    measurements: { sequence: 'Where.' },
    metadata: { owner: 'Whose.' },
    labels: [],
  },
  'replication.map.full': {
    meaning: 'A record of a peer was refused: the versioned map has no room.',
    measurements: { count: '1.' },
    metadata: { space: 'The part of the map.' },
    labels: ['space'],
  },
  'rpc.call.done': {
    meaning: 'A call of this node settled.',
    measurements: { durationMs: 'How long it took.' },
    metadata: {
      node: 'The node called.',
      name: 'Of the handler.',
      outcome: '`ok`, the code of the error, or `aborted`.',
    },
    labels: ['outcome'],
  },
} as const

/** Spans by name. */
export const exchangeSpans = {
  'rpc.call': {
    meaning: 'One call, from request to reply.',
    attributes: { node: 'The node called.', name: 'Of the handler.' },
    kind: 'client',
  },
  'rpc.serve': {
    meaning: 'The work of a handler for one call.',
    attributes: { from: 'The calling node.', name: 'Of the handler.' },
    kind: 'server',
  },
} as const
