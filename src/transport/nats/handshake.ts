/**
 * The words by which two nodes become linked over the broker:
 *
 *     dialer   hello (request) ------>
 *              <------ welcome or refuse (reply)   acceptor
 *              confirm ------>
 *
 * Pure: shapes and rules; `greeter.ts` carries them.
 */
import {
  array,
  boolean,
  integer,
  message,
  number,
  object,
  optionalOf,
  record,
  string,
  unknownValue,
  type Message,
  type Shape,
  type VersionRange,
} from '../../wire/index.ts'
import type { NodeIdentity } from '../port/port.ts'
import type { Objection } from '../port/dial-errors.ts'
import { directKinds, kindsPerClass } from './direct.ts'
import { natsKinds } from './frames.ts'

/** What each side says of itself. */
export interface Hello {
  readonly protocol: VersionRange
  readonly identity: NodeIdentity
  /** Highest link epoch this side knows with the other incarnation, 0 when it does not know which. */
  readonly epoch: number
  /** The next sequence this side sends, in the order of `directKinds`; empty while it does not know to which life. */
  readonly nextSequence: readonly number[]
}

/** The dialer's last word. */
export interface Confirm {
  readonly epoch: number
  readonly nextSequence: readonly number[]
}

const reasons = [
  'auth',
  'self',
  'version',
  'name_in_use',
  'leaving',
  'rejected',
  'cluster_mismatch',
  'crossed', // the acceptor dials the dialer at this moment, and its dial is the one that stays
  'broken',
] as const
type RefuseReason = (typeof reasons)[number]

/** Why a hello led to no link. */
export interface Refuse {
  readonly reason: RefuseReason
  readonly message: string
}

/** Asks where the streams of one class stand. */
export interface Ask {
  /** 1 or more; the answer says it again. */
  readonly id: number
  /** Subjects and patterns it is about. */
  readonly patterns: readonly string[]
}

/** Tells where the streams of one class stand. */
export interface Marks {
  /** Of the question; 0 when nobody asked. */
  readonly id: number
  /** Of the streams of payloads for this peer only, in the order of `directKinds`. */
  readonly nextSequence: readonly number[]
  readonly generation: number
  /** No topic was left out. */
  readonly isWhole: boolean
  /** Subject and next sequence. */
  readonly topics: readonly (readonly [string, number])[]
}

/** Says that a node lives. */
export interface Pulse {
  readonly name: string
  /** Its round trip to the broker, once it was measured. */
  readonly rttMs?: number | undefined
}

const protocol = object({ lowest: integer(1), highest: integer(1) })
const identity = object({
  name: string(255),
  incarnation: string(64),
  cluster: string(255),
  addresses: array(string(1_024), 16),
  roles: array(string(64), 32),
  meta: record(unknownValue(), 64),
})
const nextSequence = array(integer(1), directKinds.length)
const epoch = integer(0, 2 ** 32 - 1)
const hello = object({ protocol, identity, epoch, nextSequence })
const refuseFields = object({ reason: string(64), message: string(1_024) })
/** A newer peer may know more reasons; its sentence goes to our log, so it has no control characters. */
const refuse: Shape<Refuse> = {
  check: (value, field) => {
    const given = refuseFields.check(value, field)
    const reason = reasons.find((known) => known === given.reason) ?? 'rejected'
    return { reason, message: given.message.replaceAll(/\p{C}/gu, '?').slice(0, 512) }
  },
}
const pair = array(unknownValue(), 2)
const mark: Shape<readonly [string, number]> = {
  check: (value, field) => {
    const [subject, sequence] = pair.check(value, field)
    return [string(4_096).check(subject, field), integer(1).check(sequence, field)]
  },
}

/** Topics in one {@link Marks}. */
export const marksMax = 2_000
/** Patterns in one {@link Ask}. */
export const askPatternsMax = 64

/** The codecs of all of them. */
export const words: {
  readonly hello: Message<Hello>
  readonly welcome: Message<Hello>
  readonly confirm: Message<Confirm>
  readonly refuse: Message<Refuse>
  readonly pulse: Message<Pulse>
  readonly ask: Message<Ask>
  readonly marks: Message<Marks>
} = {
  hello: message(natsKinds.hello, hello),
  welcome: message(natsKinds.welcome, hello),
  confirm: message(natsKinds.confirm, object({ epoch, nextSequence })),
  refuse: message(natsKinds.refuse, refuse),
  pulse: message(natsKinds.pulse, object({ name: string(255), rttMs: optionalOf(number()) })),
  ask: message(
    natsKinds.ask,
    object({ id: integer(1), patterns: array(string(4_096), askPatternsMax) }),
  ),
  marks: message(
    natsKinds.marks,
    object({
      id: integer(0),
      nextSequence: array(integer(1), kindsPerClass),
      generation: integer(0, 65_535),
      isWhole: boolean(),
      topics: array(mark, marksMax),
    }),
  ),
}

/** A no as it is told to the other side. */
export function refusalOf({ reason, why }: Objection): Refuse {
  return { reason: reasons.find((known) => known === reason) ?? 'broken', message: why }
}
