/**
 * Where the streams by topic stand. A node counts what it says on each subject; a listener that
 * finds a hole in the count knows what it lost. Pure.
 */
import { missingBefore } from '../port/sequence.ts'
import { subjectMatches } from './subjects.ts'

/** Where in which stream a payload stands. */
export interface Place {
  readonly subject: string
  readonly generation: number
  readonly sequence: number
}

const generationsMax = 65_536

/** Where the stream of one subject stands at its sender. */
export interface Stream {
  readonly subject: string
  readonly generation: number
  /** The sequence the next payload gets. */
  next: number
}

/** What this node has said by subject. Bounded: when it is full all is forgotten, and listeners are told so. */
export class SentStreams {
  readonly #streams = new Map<string, Stream>()
  readonly #streamsMax: number
  #generation = 0

  constructor(streamsMax: number) {
    this.#streamsMax = streamsMax
  }

  /** Streams of another generation count no more. */
  get generation(): number {
    return this.#generation
  }

  /** The stream of a subject. */
  of(subject: string): Stream {
    const known = this.#streams.get(subject)
    if (known) return known
    if (this.#streams.size >= this.#streamsMax) {
      this.#streams.clear()
      this.#generation = (this.#generation + 1) % generationsMax
    }
    const stream = { subject, generation: this.#generation, next: 1 }
    this.#streams.set(subject, stream)
    return stream
  }

  /** Subjects of some kind, and the sequence that comes next: the latest `max` of them. */
  marks(
    isWanted: (subject: string) => boolean,
    max: number,
  ): readonly (readonly [string, number])[] {
    const all = [...this.#streams.values()].filter(({ subject }) => isWanted(subject))
    return all.slice(-max).map(({ subject, next }) => [subject, next])
  }
}

/**
 * What this node has heard of one peer by subject. The first payload of a subject sets its beginning,
 * unless the subject is settled: then the peer has told where its streams stood while this node
 * listened already, and a stream it did not name begins with 1.
 */
export class HeardStreams {
  readonly #expected = new Map<string, number>()
  readonly #settled = new Set<string>()
  readonly #streamsMax: number
  #generation = 0

  constructor(streamsMax: number) {
    this.#streamsMax = streamsMax
  }

  /** @returns how many payloads are missing before this one; -1 when it was heard already. */
  hear({ subject, generation, sequence }: Place): number {
    this.#follow(generation)
    const expected = this.#expectedOf(subject, sequence)
    const missing = missingBefore(expected, sequence)
    if (missing >= 0) this.#expect(subject, sequence + 1)
    return missing
  }

  /** The peer tells where a subject stands; returns how many payloads were lost before that. */
  mark({ subject, generation, sequence }: Place): number {
    this.#follow(generation)
    const expected = this.#expectedOf(subject, sequence)
    if (sequence < expected) return 0
    this.#expect(subject, sequence)
    return sequence - expected
  }

  /** The peer has told where all its streams of these subjects and patterns stand. */
  settle(patterns: readonly string[]): void {
    for (const pattern of patterns) this.#settled.add(pattern)
  }

  /** This node no longer listens to it: what it misses from now on is no loss. */
  unsettle(pattern: string): void {
    this.#settled.delete(pattern)
    for (const subject of this.#expected.keys()) {
      if (subjectMatches(pattern, subject) && !this.#isSettled(subject)) {
        this.#expected.delete(subject)
      }
    }
  }

  #expectedOf(subject: string, sequence: number): number {
    const known = this.#expected.get(subject)
    if (known !== undefined) return known
    return this.#isSettled(subject) ? 1 : sequence
  }

  #isSettled(subject: string): boolean {
    for (const pattern of this.#settled) if (subjectMatches(pattern, subject)) return true
    return false
  }

  /** The peer has forgotten where its streams stood: all of them begin anew. */
  #follow(generation: number): void {
    if (generation === this.#generation) return
    this.#generation = generation
    this.#expected.clear()
  }

  #expect(subject: string, sequence: number): void {
    const [oldest] = this.#expected.keys()
    if (this.#expected.size >= this.#streamsMax && !this.#expected.has(subject) && oldest) {
      this.#expected.delete(oldest)
      // What is forgotten begins anew with what is heard of it next, and not with 1.
      this.#settled.clear()
    }
    this.#expected.set(subject, sequence)
  }
}
