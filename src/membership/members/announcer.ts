/**
 * Tells the owner of membership what changed: in order, each change once, also when a listener
 * causes the next change while it is told of this one.
 */
import { FoundationError, toError, type Log, type Telemetry } from '../../kernel/index.ts'
import type { TransportHandlers } from '../../transport/index.ts'
import type { Member, MembershipEvent } from './member.ts'
import type { MemberChange, MemberRecord } from './member-table.ts'

/** What an announcer talks to. */
export interface AnnouncerDeps {
  readonly news: (event: MembershipEvent) => void
  readonly memberOf: (record: MemberRecord) => Member
  readonly log: Log
  readonly telemetry: Telemetry
}

const eventOf = {
  'member-up': 'membership.member.up',
  'member-suspect': 'membership.member.suspect',
  'member-alive': 'membership.member.alive',
  'member-down': 'membership.member.down',
  'member-left': 'membership.member.left',
} as const

/** One a node. */
export class Announcer {
  readonly #deps: AnnouncerDeps
  // Bounded by what one turn can change: it is empty between turns.
  readonly #pending: MembershipEvent[] = []
  #isTelling = false

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps
  }

  /** Logs, measures and tells of each change. */
  announce(changes: readonly MemberChange[]): void {
    for (const { type, record } of changes) {
      const { name, incarnation, cause } = record
      const fields = { member: name, incarnation, ...(cause && { cause }) }
      // A suspect may be alive again in a moment: nobody must act on it.
      this.#deps.log[type === 'member-down' ? 'warn' : 'info'](fields, type.replace('-', ' '))
      this.#deps.telemetry.execute(eventOf[type], {}, () => fields)
      const member = this.#deps.memberOf(record)
      this.#pending.push({ type, member, ...(cause && { cause }) })
    }
    this.#tell()
  }

  /** See {@link TransportHandlers.refused}. */
  readonly refused: TransportHandlers['refused'] = ({ address, reason, message }) => {
    // A second node with the name of a live member is that node's trouble, not ours.
    if (reason === 'name_in_use') {
      this.#deps.log.warn({ address, reason }, message)
      return
    }
    const code = reason === 'version' ? 'FND_VERSION_UNSUPPORTED' : 'FND_HANDSHAKE_REFUSED'
    this.trouble(new FoundationError(code, message, { details: { address, reason } }))
  }

  /** A failure that follows nobody's call. Its owner writes it down. */
  trouble(error: FoundationError): void {
    this.#pending.push({ type: 'trouble', error })
    this.#tell()
  }

  #tell(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    for (let event = this.#pending.shift(); event; event = this.#pending.shift()) {
      try {
        this.#deps.news(event)
      } catch (thrown) {
        const fields = { event: event.type, error: toError(thrown) }
        this.#deps.log.error(fields, 'a listener to membership threw')
      }
    }
    this.#isTelling = false
  }
}
