/** What one member tells another of a third. */

/** How a node tells of a member it has a link to. */
export interface Introduction {
  readonly name: string
  readonly incarnation: string
  readonly addresses: readonly string[]
}

/** A host name has at most 253 bytes; the rest is for a port, brackets and a zone. */
export const addressMaxBytes = 280
