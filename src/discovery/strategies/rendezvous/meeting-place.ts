/**
 * A server where nodes meet: each keeps an entry there that ends by itself, and hears what others
 * tell. Redis and PostgreSQL are such places; what is done there is decided in `rendezvous.ts`.
 */

/** This node's entry. */
export interface MeetingEntry {
  readonly name: string
  readonly incarnation: string
  /** What others read. */
  readonly text: string
}

/** News of an open place. */
export interface MeetingHandlers {
  /** Another node (or this one) told everybody this. */
  readonly heard: (text: string) => void
  /** The connection ended; the place is of no use any more. */
  readonly lost: (error: Error) => void
}

/** One connection to a place. Made anew after each loss. */
export interface MeetingPlace {
  /** Connects, makes what is missing there, and listens. @throws (rejects) with the server's error. */
  open(handlers: MeetingHandlers): Promise<void>
  /** Puts the entry there for `ttlMs`, by the server's own clock, in the place of a former one. */
  write(entry: MeetingEntry, ttlMs: number): Promise<void>
  /** The texts of all entries of the cluster that have not ended. */
  list(): Promise<readonly string[]>
  /** Tells all that are connected now. */
  tell(text: string): Promise<void>
  /** Takes the entry away. */
  remove(entry: MeetingEntry): Promise<void>
  /** Ends the connection at once. Never throws. */
  close(): Promise<void>
}

/** The longest list taken from a server. */
export const meetingEntriesMax = 4_096
