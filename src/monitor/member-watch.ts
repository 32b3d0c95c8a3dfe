/** What membership told: the history of each member, and who was lost since the last judgement. Pure. */
import { MemberHistory, type MemberNews, type Moment } from './member-history.ts'

/** One a node. */
export class MemberWatch {
  readonly history: MemberHistory
  // Bounded by what one turn of judging lets pass: it is taken once a second.
  #lost = new Set<string>()

  /** @param historyMax changes remembered of each member. */
  constructor(historyMax: number) {
    this.history = new MemberHistory(historyMax)
  }

  note(news: MemberNews, moment: Moment): void {
    this.history.note(news, moment)
    if (news.type === 'member-down') this.#lost.add(news.member.name)
  }

  /** Members given up since this was last asked. */
  takeLost(): string[] {
    const lost = [...this.#lost]
    this.#lost.clear()
    return lost
  }
}
