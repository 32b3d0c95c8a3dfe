/** Bugs of links, membership, messages and calls that the suite `core` must catch. */
import type { PlantedBug } from './planted-bug.ts'

/** All of them. */
export const coreBugs: readonly PlantedBug[] = [
  {
    name: 'frames after the end of a link',
    file: 'src/transport/memory/link-end.ts',
    find: "if (this.#state === 'down') return\n    if (channelClass",
    replace: 'if (channelClass',
  },
  {
    name: 'no gap check',
    file: 'src/transport/memory/link-end.ts',
    find: 'this.#deps.news.gap(this, channelClass, missing)',
    replace: '',
  },
  {
    name: 'gaps not told to subscribers',
    file: 'src/pubsub/receiver.ts',
    find: 'this.#deps.subscribers.gap(gap, isTouched)',
    replace: '',
  },
  {
    name: 'epoch does not grow',
    file: 'src/transport/memory/door.ts',
    find: 'nextEpoch(this.deps.ledger.epoch(peer), answer.epoch)',
    replace: 'Math.max(this.deps.ledger.epoch(peer), answer.epoch, 1)',
  },
  {
    name: 'resumes one too far',
    file: 'src/transport/memory/class-sender.ts',
    find: 'queued.sequence - 1',
    replace: 'queued.sequence',
  },
  {
    name: 'unaware of its own delay',
    file: 'src/membership/failure-watch.ts',
    find: 'const delayMs = this.#health.ticked(sinceMs - this.#options.tickIntervalMs, sinceMs)',
    replace: 'const delayMs = 0',
  },
  {
    name: 'waits by the wall clock',
    file: 'src/membership/membership.ts',
    find: 'readonly #nowMs = (): number => this.#deps.host.nowMs()',
    replace: 'readonly #nowMs = (): number => this.#deps.host.wallClockMs() - 1735689600000',
  },
  {
    name: 'refutation and all that is heard ignored',
    file: 'src/membership/failure-detector.ts',
    find: 'if (silentMs !== undefined) watch.heardAtMs',
    replace: 'if (silentMs === -1) watch.heardAtMs',
  },
  {
    name: 'a lost peer is not dialled again',
    file: 'src/membership/link-changes.ts',
    find: 'plan.linkLost(name, { nowMs: nowMs(), chance: host.random() })',
    replace: '',
  },
  {
    name: 'calls outlive the link they went over',
    file: 'src/rpc/rpc.ts',
    find: 'this.#pending.nodeGone(name, why)',
    replace: 'void why',
  },
  {
    name: 'calls outlive their deadline',
    file: 'src/rpc/pending-calls.ts',
    find: 'this.#deps.host.after(call.timeoutMs,',
    replace: 'this.#deps.host.after(call.timeoutMs * 4,',
  },
  {
    name: 'entries of the dead stay',
    file: 'src/replication/inbox.ts',
    find: 'this.#hide(replica)\n    this.#schedulePurge(replica)',
    replace: 'this.#schedulePurge(replica)',
  },
  {
    name: 'a snapshot leaves old entries',
    file: 'src/replication/replica.ts',
    find: 'const isGone = space.snapshots.get(row) !== this.#snapshot',
    replace: 'const isGone = false',
  },
  {
    name: 'interest is not taken back',
    file: 'src/pubsub/interest.ts',
    find: 'this.#deps.ownerLog.delete(space, pattern)',
    replace: '',
  },
  {
    name: 'later broadcasts overtake those that wait',
    file: 'src/pubsub/sender.ts',
    find: 'const isBehind = this.#lanes.size > 0 && this.#isBehind(peer, channel)',
    replace: 'const isBehind = this.#lanes.size < 0 && this.#isBehind(peer, channel)',
  },
  {
    name: 'incarnation check of logs dropped',
    file: 'src/replication/inbox.ts',
    find: 'if (former?.incarnation === incarnation) return former',
    replace: 'if (former) return former',
    also: {
      file: 'src/replication/inbox.ts',
      find: 'if (replica.incarnation !== incarnation) this.#discard(owner)\n    else this.#show(replica)',
      replace: 'this.#show(replica)',
    },
  },
]
