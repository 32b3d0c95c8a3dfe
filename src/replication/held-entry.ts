/** The entries of a log as they are told. */
import type { LogName } from './messages.ts'

/**
 * What an owner says under one key of a space. Made when somebody asks or is told: logs keep their
 * entries in rows, so who keeps many should keep them so too.
 */
export interface HeldEntry {
  /** Whose log it stands in: one object for all its entries. */
  readonly log: LogName
  readonly key: string
  /** Read-only: everybody gets the same one. */
  readonly value: unknown
}
