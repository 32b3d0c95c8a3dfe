/**
 * Agreement on a view: a home acts only in a set of members that all of them see alike, and after it
 * has heard what they run. Two homes of one child then exist only where two views do. Pure.
 */

/** A node that may be home of children, as this node sees it. */
export interface ViewMember {
  readonly name: string
  readonly incarnation: string
}

/** What a node last said of its view. */
export interface ViewReport {
  readonly hash: string
  /** Number of its last change in the owner log when it said so. */
  readonly sequence: number
}

/** The same for two nodes that see the same members; 8 hexadecimal digits. */
export function viewHash(members: readonly ViewMember[]): string {
  const text = members
    .map(({ name, incarnation }) => `${name} ${incarnation}`)
    .sort()
    .join('\n')
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}

/** One a node. */
export class ViewAgreement {
  readonly #self: string
  readonly #reports = new Map<string, ViewReport>()
  #members: readonly ViewMember[] = []
  #hash = ''
  #changedAtMs = 0

  constructor(self: string) {
    this.#self = self
  }

  /** Of the present view. */
  get hash(): string {
    return this.#hash
  }

  /** When members last came or went. */
  get changedAtMs(): number {
    return this.#changedAtMs
  }

  /** False when these are the members there were. */
  update(members: readonly ViewMember[], nowMs: number): boolean {
    const hash = viewHash(members)
    if (hash === this.#hash) return false
    this.#members = members
    this.#hash = hash
    this.#changedAtMs = nowMs
    return true
  }

  /** Who may be home, in the present view. */
  get members(): readonly ViewMember[] {
    return this.#members
  }

  heard(from: string, report: ViewReport): void {
    this.#reports.set(from, report)
  }

  /** The link to a node ended; what it said may be out of date when it comes back. */
  lost(name: string): void {
    this.#reports.delete(name)
  }

  /**
   * Members that see another set, or whose children are not known here yet.
   *
   * @param has whether this node has a member's owner log up to a number.
   */
  missing(has: (member: ViewMember, sequence: number) => boolean): string[] {
    return this.#members
      .filter(({ name }) => name !== this.#self)
      .filter((member) => {
        const report = this.#reports.get(member.name)
        return report?.hash !== this.#hash || !has(member, report.sequence)
      })
      .map(({ name }) => name)
  }
}
