/** What a planted bug is. `ledger.md` tells what each stands for. */

/** One change of one file. `find` must be there exactly once, so that a stale entry is noticed. */
export interface PlantedBug {
  readonly name: string
  /** The suite that must catch it; `core` when left out. */
  readonly suite?: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** The first of the seeds that are run (1), for a bug that few seeds show. */
  readonly from?: number
  /** A second change, where one safeguard would hide the loss of another. */
  readonly also?: Pick<PlantedBug, 'file' | 'find' | 'replace'>
}
