/** What the nodes of a cluster agree on, and how it fares: events and spans. */

/** Events by name. */
export const stateEvents = {
  'config.set.done': {
    meaning: 'A `set` of this node was applied here, or refused.',
    measurements: { durationMs: 'How long it took.' },
    metadata: {
      path: 'Of the setting.',
      version: 'Its version, when it was applied.',
      outcome: '`ok` or the code of the error.',
    },
    labels: ['outcome'],
  },
  'config.commit.done': {
    meaning: 'A `commit` of this node ended.',
    measurements: { durationMs: 'How long it took.' },
    metadata: {
      paths: 'Of the settings, the first few.',
      outcome: '`ok`, the code of the error, or `aborted`.',
    },
    labels: ['outcome'],
  },
  'config.vote.given': {
    meaning: 'This node voted on a commit, its own ones included.',
    measurements: { count: '1.' },
    metadata: {
      txid: 'Of the commit.',
      vote: '`yes`, or why not: `validator`, `conflict`, `view` and others.',
      reason: 'In words, when it is a no.',
    },
    labels: ['vote'],
  },
  'config.setting.changed': {
    meaning: 'A setting is another on this node, whoever wrote it.',
    measurements: { count: '1.' },
    metadata: {
      path: 'Of the setting.',
      origin: 'The node that wrote it.',
      verb: '`set`, `commit` or `delete`.',
      version: 'Its version.',
      txid: 'Of the commit.',
    },
    labels: ['verb'],
  },
  'config.conflict.found': {
    meaning: 'Two sides of a partition committed one setting; one value lost.',
    measurements: { count: '1.' },
    metadata: {
      path: 'Of the setting.',
      loser: 'The node whose value lost.',
      winner: 'The node whose value stays.',
    },
    labels: [],
  },
  'config.doubt.begun': {
    meaning: 'This node said yes to a commit and cannot learn what became of it.',
    measurements: { count: '1.' },
    metadata: { txid: 'Of the commit.', coordinator: 'The node that began it.' },
    labels: [],
  },
  'config.sync.done': {
    meaning: 'This node was linked to nobody, and now holds the settings of a member.',
    measurements: { durationMs: 'Since the first link.', settings: 'How many there are.' },
    metadata: {},
    labels: [],
  },
  'monitor.healing.done': {
    meaning: 'A rule of healing did something, or tried to.',
    measurements: { count: '1.' },
    metadata: {
      rule: 'Name of the rule.',
      target: 'The member it is about, when it is about one.',
      reason: 'In words.',
      outcome: '`done`, `nothing-to-do` or `failed`.',
      forMs: 'How long a quarantine lasts.',
    },
    labels: ['rule', 'outcome'],
  },
  'monitor.health.changed': {
    meaning: 'The health of this node is another.',
    measurements: { ok: '1 when healthy, else 0.' },
    metadata: {
      status: '`healthy`, `degraded` or `unhealthy`.',
      previous: 'As before.',
      reasons: 'In words.',
    },
    labels: ['status'],
  },
  'registry.claim.done': {
    meaning: 'A registration of this node settled.',
    measurements: { durationMs: 'How long it took.' },
    metadata: { name: 'The name.', outcome: '`ok` or the code of the error.' },
    labels: ['outcome'],
  },
  'registry.conflict.lost': {
    meaning: 'This node lost a name to another owner it met after a partition.',
    measurements: { count: '1.' },
    metadata: { name: 'The name.', winner: 'The node that keeps it.' },
    labels: [],
  },
} as const

/** Spans by name. */
export const stateSpans = {
  'config.commit': {
    meaning: 'A commit, from the proposal until all who can be reached have applied it.',
    attributes: {
      paths: 'Of the settings, the first few.',
      txid: 'Of the last try.',
      participants: 'Who was asked.',
      version: 'Of the settings, when it was made.',
      outcome: '`ok`, the code of the error, or `aborted`.',
    },
    kind: 'client',
  },
  'config.participate': {
    meaning: 'The part of a member in a commit, from the proposal to the outcome.',
    attributes: {
      from: 'The node that began it.',
      txid: 'Of the commit.',
      paths: 'Of the settings, the first few.',
      vote: '`yes`, or why not.',
      outcome: '`commit` or `abort`.',
    },
    kind: 'server',
  },
} as const
