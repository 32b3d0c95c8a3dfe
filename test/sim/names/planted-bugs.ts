/** Bugs of names that the suite `names` must catch. */
import type { PlantedBug } from '../planted-bug.ts'

/** All of them. */
export const namesBugs: readonly PlantedBug[] = [
  {
    name: 'a lost name stays in the log',
    suite: 'names',
    file: 'src/registry/names/owned-names.ts',
    find: 'const sequence = this.#deps.ownerLog.delete(namesSpace, own.name)',
    replace:
      "const { sequence } = own\n    if (own.state !== 'lost') this.#deps.ownerLog.delete(namesSpace, own.name)",
  },
  {
    name: 'the last write wins instead of the incumbent',
    suite: 'names',
    file: 'src/registry/names/record.ts',
    find: "a.kind === 'adopted' ? b.epoch - a.epoch : a.epoch - b.epoch",
    replace: 'b.epoch - a.epoch',
  },
  {
    name: 'a name is lost to what its former owner said before',
    suite: 'names',
    file: 'src/registry/names/disputes.ts',
    find: 'return log.isKnown(owner) && log.heldBy(owner) >= metAt',
    replace: 'return log.isKnown(owner) && metAt >= 0',
  },
  {
    name: 'an arbiter answers before the view is agreed on',
    suite: 'names',
    file: 'src/registry/names/agreement.ts',
    find: 'nowMs - this.#changedAtMs >= this.#agreeTimeoutMs',
    replace: 'nowMs >= 0',
  },
  {
    name: 'whoever gives a name up takes it from all its owners',
    suite: 'names',
    file: 'src/registry/names/name-table.ts',
    find: 'return { ...this.#set(name, former, others), isNewcomer: false }',
    replace:
      'return { ...this.#set(name, former, others.slice(others.length)), isNewcomer: false }',
  },
  {
    name: 'a grant is forgotten at once',
    suite: 'names',
    file: 'src/registry/names/arbiter.ts',
    find: 'this.#grants.set(name, { node, incarnation, id, epoch, atMs })',
    replace: 'void [node, incarnation, id, atMs]',
  },
  {
    name: 'a token waits for nothing',
    suite: 'names',
    file: 'src/replication/owner-log.ts',
    find: 'replica?.incarnation === incarnation && replica.sequence >= sequence',
    replace: "replica !== undefined && incarnation !== '' && sequence >= 0",
  },
  {
    name: 'messages overtake the names they depend on',
    suite: 'names',
    file: 'src/replication/fences.ts',
    find: 'if (sequence === 0) return payload',
    replace: 'if (sequence >= 0) return payload',
  },
  {
    name: 'a claim outlives its deadline',
    suite: 'names',
    file: 'src/registry/names/claims.ts',
    find: 'if (nowMs >= pending.deadlineMs) this.#fail(pending, timedOut(pending, nowMs))\n      else if',
    replace: 'if',
  },
  {
    name: 'deletions in the map lose to what they delete',
    suite: 'names',
    file: 'src/replication/versioned-map/map-store.ts',
    find: 'if (this.#isWorthless({ space, key }, record, ageMs)) continue',
    replace: 'if (!record.bytes || ageMs < 0) continue',
  },
]
