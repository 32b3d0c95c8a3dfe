/** How nodes find each other and stay connected: events and spans. */

/** Events by name. */
export const connectionEvents = {
  'discovery.lookup.ok': {
    meaning: 'A topology was looked up.',
    measurements: { durationMs: 'How long it took.', count: 'Peers found.' },
    metadata: { topology: 'Its name.', complete: 'Whether the list claims to be complete.' },
    labels: ['topology'],
  },
  'discovery.lookup.failed': {
    meaning: 'A lookup failed; it is tried again with growing waits.',
    measurements: { durationMs: 'How long it took.' },
    metadata: { topology: 'Its name.', code: 'Code of the error.' },
    labels: ['topology', 'code'],
  },
  'discovery.peer.seen': {
    meaning: 'A peer was proposed for the first time, or after a restart.',
    measurements: { count: '1.' },
    metadata: { topology: 'Its name.', host: 'Where.', node: 'Its name, when known.' },
    labels: ['topology'],
  },
  'discovery.peer.gone': {
    meaning: 'A peer is no longer proposed.',
    measurements: { count: '1.' },
    metadata: { topology: 'Its name.', host: 'Where.', reason: 'Why.' },
    labels: ['topology', 'reason'],
  },
  'discovery.connect.ok': {
    meaning: 'A proposed peer was connected.',
    measurements: { durationMs: 'How long it took.' },
    metadata: {
      topology: 'Its name.',
      node: 'Its name or address.',
      address: 'Where.',
      reason: 'Absent.',
    },
    labels: ['topology'],
  },
  'discovery.connect.failed': {
    meaning: 'A proposed peer could not be connected.',
    measurements: { durationMs: 'How long it took.' },
    metadata: {
      topology: 'Its name.',
      node: 'Its name or address.',
      address: 'Where.',
      reason: 'Why.',
    },
    labels: ['topology', 'reason'],
  },
  'discovery.disconnect.ok': {
    meaning: 'A peer that is no longer listed was disconnected.',
    measurements: { count: '1.' },
    metadata: { topology: 'Its name.', node: 'Its name.', reason: 'Absent.' },
    labels: ['topology'],
  },
  'discovery.disconnect.failed': {
    meaning: 'A peer that is no longer listed could not be disconnected.',
    measurements: { count: '1.' },
    metadata: { topology: 'Its name.', node: 'Its name.', reason: 'Why.' },
    labels: ['topology'],
  },
  'discovery.health.changed': {
    meaning: 'A topology became degraded, or healthy again.',
    measurements: { ok: '1 when healthy, else 0.' },
    metadata: { topology: 'Its name.', state: '`ok` or `degraded`.', detail: 'In words.' },
    labels: ['topology', 'state'],
  },
  'discovery.notice.given': {
    meaning: 'A topology found something a person should know.',
    measurements: { count: '1.' },
    metadata: { topology: 'Its name.', code: 'What kind.', detail: 'In words.' },
    labels: ['topology', 'code'],
  },
  'discovery.packet.rejected': {
    meaning: 'A packet of the network was not used.',
    measurements: { count: '1.' },
    metadata: { topology: 'Its name.', reason: 'Why.', source: 'Where it came from.' },
    labels: ['topology', 'reason'],
  },
  'membership.dial.done': {
    meaning: 'A dial made a link.',
    measurements: { durationMs: 'How long it took.' },
    metadata: { address: 'Where.' },
    labels: [],
  },
  'membership.dial.failed': {
    meaning: 'A dial made no link.',
    measurements: { durationMs: 'How long it took.' },
    metadata: { address: 'Where.', reason: 'Why.' },
    labels: ['reason'],
  },
  'membership.health.changed': {
    meaning: 'This node trusts itself more, or less, than before (Lifeguard).',
    measurements: {
      multiplier: 'What deadlines are multiplied by: 1 to 8.',
      delayMs: 'How late the last tick was.',
    },
    metadata: {},
    labels: [],
  },
  'membership.member.up': {
    meaning: 'A member is in.',
    measurements: {},
    metadata: { member: 'Its name.', incarnation: 'Its incarnation.', cause: 'Why.' },
    labels: ['cause'],
  },
  'membership.member.suspect': {
    meaning: 'A member is silent.',
    measurements: {},
    metadata: { member: 'Its name.', incarnation: 'Its incarnation.', cause: 'Why.' },
    labels: ['cause'],
  },
  'membership.member.alive': {
    meaning: 'A suspect was heard again.',
    measurements: {},
    metadata: { member: 'Its name.', incarnation: 'Its incarnation.', cause: 'Why.' },
    labels: ['cause'],
  },
  'membership.member.down': {
    meaning: 'A member was given up.',
    measurements: {},
    metadata: { member: 'Its name.', incarnation: 'Its incarnation.', cause: 'Why.' },
    labels: ['cause'],
  },
  'membership.member.left': {
    meaning: 'A member said goodbye.',
    measurements: {},
    metadata: { member: 'Its name.', incarnation: 'Its incarnation.', cause: 'Why.' },
    labels: ['cause'],
  },
  'transport.handshake.refused': {
    meaning: 'A connection was turned away during its handshake.',
    measurements: { count: '1.' },
    metadata: { reason: 'Why.' },
    labels: ['reason'],
  },
  'transport.handshake.shed': {
    meaning: 'A connection was closed unheard: too many strangers at once.',
    measurements: { count: '1.' },
    metadata: {},
    labels: [],
  },
  'transport.link.up': {
    meaning: 'A link to a peer is up.',
    measurements: { count: '1.' },
    metadata: { peer: 'Its name.' },
    labels: [],
  },
  'transport.link.down': {
    meaning: 'A link to a peer has ended.',
    measurements: { count: '1.' },
    metadata: { peer: 'Its name.', reason: 'Why.' },
    labels: ['reason'],
  },
} as const

/** Spans by name. */
export const connectionSpans = {
  'discovery.lookup': {
    meaning: 'One lookup of a topology.',
    attributes: { topology: 'Its name.', strategy: 'Name of its strategy.' },
    kind: 'internal',
  },
  'membership.dial': {
    meaning: 'One dial of one address, with the handshake.',
    attributes: { address: 'Where.' },
    kind: 'internal',
  },
} as const
