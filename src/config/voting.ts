/** How this node votes: what it sees of the cluster, the versions it has, and its validators. */
import type { Host } from '../kernel/index.ts'
import { observerRole, type Member } from '../membership/index.ts'
import { compareVersions, type MapSpace } from '../replication/index.ts'
import type { CommitEntry, Life, Proposal, Refusal } from './commit/transaction.ts'
import type { Settings } from './settings.ts'
import type { Validators } from './validators.ts'

/** A no without the name of who says it. */
export type Objection = Omit<Refusal, 'node'>

/** What voting looks at. */
export interface VotingDeps {
  readonly host: Host
  readonly self: Life
  /** Members that are in, this node included. */
  readonly members: () => readonly Pick<Member, 'name' | 'incarnation' | 'roles'>[]
  readonly space: Pick<MapSpace, 'isSynced'>
  readonly settings: Settings
  readonly validators: Validators
  readonly isRunning: () => boolean
}

/** One a node. */
export class Voting {
  readonly #deps: VotingDeps
  readonly #validatorTimeoutMs: number

  constructor(deps: VotingDeps, validatorTimeoutMs: number) {
    this.#deps = deps
    this.#validatorTimeoutMs = validatorTimeoutMs
  }

  /** Everybody who has a vote, by name. */
  voters(): readonly Life[] {
    const voters: Life[] = []
    for (const member of this.#deps.members()) {
      if (isVoter(member)) voters.push({ name: member.name, incarnation: member.incarnation })
    }
    return voters.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** Why this node must say no whatever the values are. */
  objection(proposal: Proposal): Objection | undefined {
    const { self, isRunning, space } = this.#deps
    if (!proposal.participants.some((life) => isLife(life, self)))
      return { kind: 'view', reason: 'another life of this node was asked' }
    // A node that has just started does not know yet what its former life, or the others, have agreed.
    if (!isRunning() || !space.isSynced) {
      return { kind: 'not-synced', reason: 'it does not hold the settings of the cluster yet' }
    }
    return this.#unseen(proposal) ?? this.#changed(proposal)
  }

  /** Whether a validator of this node has a say in them. */
  isConcerned(entries: readonly Pick<CommitEntry, 'path'>[]): boolean {
    return this.#deps.validators.concern(entries.map(({ path }) => path))
  }

  /** What the validators of this node say of the settings as they would be. Never rejects. */
  async validate(
    entries: readonly Pick<CommitEntry, 'path' | 'value'>[],
  ): Promise<Objection | undefined> {
    if (!this.isConcerned(entries)) return undefined
    const { settings, validators, host } = this.#deps
    const paths = entries.map(({ path }) => path)
    const candidate = { paths, before: settings.tree, after: settings.treeWith(entries) }
    return validators.check(candidate, { host, timeoutMs: this.#validatorTimeoutMs })
  }

  /** Nobody may be left out: a member that was not asked has not validated. */
  #unseen({ participants }: Proposal): Objection | undefined {
    const unseen = this.#deps
      .members()
      .find((member) => isVoter(member) && !participants.some((life) => isLife(life, member)))
    if (!unseen) return undefined
    return { kind: 'view', reason: `it sees member ${unseen.name}, which was not asked` }
  }

  /** What the coordinator knew of a path is not what is there. */
  #changed({ entries }: Proposal): Objection | undefined {
    const { settings } = this.#deps
    const changed = entries.find(({ path, base }) => {
      const version = settings.recordVersion(path)
      return version && (!base || compareVersions(version, base) > 0)
    })
    return changed && { kind: 'conflict', reason: `"${changed.path}" has changed meanwhile` }
  }
}

/** Lookers-on have no vote. */
function isVoter({ roles }: Pick<Member, 'roles'>): boolean {
  return !roles.includes(observerRole)
}

function isLife(life: Life, { name, incarnation }: Life): boolean {
  return life.name === name && life.incarnation === incarnation
}
