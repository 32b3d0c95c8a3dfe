/** Children and where they run: events and spans. */

/** Events by name. */
export const childrenEvents = {
  'supervisor.child.started': {
    meaning: 'A child runs on this node.',
    measurements: { durationMs: 'How long its start took.' },
    metadata: {
      child: 'Its id.',
      service: 'Name of its class.',
      epoch: 'Of this start.',
      reason: '`start`, `restart`, `failover` or `move`.',
      state: '`carried` when it goes on with its state, else `fresh`.',
    },
    labels: ['service', 'reason'],
  },
  'supervisor.child.stopped': {
    meaning: 'A child of this node has ended.',
    measurements: { durationMs: 'How long its end took.' },
    metadata: {
      child: 'Its id.',
      service: 'Name of its class.',
      epoch: 'Of its start.',
      reason: '`stopped`, `moved`, `replaced`, `shutdown`, `conflict`, `failed` or `completed`.',
    },
    labels: ['service', 'reason'],
  },
  'supervisor.child.failed': {
    meaning: 'A child of this node failed, or did not start.',
    measurements: { count: '1.' },
    metadata: {
      child: 'Its id.',
      service: 'Name of its class.',
      epoch: 'Of its start.',
      during: '`start` or `run`.',
      error: 'In words.',
    },
    labels: ['service', 'during'],
  },
  'supervisor.child.restarted': {
    meaning: 'A child that ended was started again, as its home ordered.',
    measurements: { count: '1.' },
    metadata: {
      child: 'Its id.',
      service: 'Name of its class.',
      node: 'Where it runs now.',
      error: 'What it ended of, in words.',
    },
    labels: ['service'],
  },
  'supervisor.child.abandoned': {
    meaning: 'The home of a child gave it up: its restart budget is used up.',
    measurements: { count: '1.' },
    metadata: { child: 'Its id.', service: 'Name of its class.', error: 'Its last one, in words.' },
    labels: ['service'],
  },
  'supervisor.child.moved': {
    meaning: 'A child runs on another node than before. Every node tells what it sees.',
    measurements: { count: '1.' },
    metadata: {
      child: 'Its id.',
      from: 'Where it was, when that is known.',
      to: 'Where it is.',
      reason: '`start`, `restart`, `failover` or `move`.',
      state: '`carried` when it goes on with its state, else `fresh`.',
    },
    labels: ['reason', 'state'],
  },
  'supervisor.handover.done': {
    meaning: 'A hand-over this node drove as home of the child has ended.',
    measurements: { durationMs: 'How long it took.' },
    metadata: {
      child: 'Its id.',
      from: 'Where it ran.',
      to: 'Where it should go.',
      outcome: '`moved`, `aborted` (it stays) or `stranded` (it is started elsewhere).',
      error: 'What went wrong, in words.',
    },
    labels: ['outcome'],
  },
} as const

/** Spans by name. */
export const childrenSpans = {
  'supervisor.handover': {
    meaning: 'A running child was moved, with its state.',
    attributes: {
      child: 'Its id.',
      from: 'Where it ran.',
      to: 'Where it goes.',
      outcome: '`moved`, `aborted` or `stranded`.',
    },
    kind: 'internal',
  },
  'supervisor.start': {
    meaning: 'A child was brought up on this node.',
    attributes: { child: 'Its id.', service: 'Name of its class.' },
    kind: 'internal',
  },
} as const
