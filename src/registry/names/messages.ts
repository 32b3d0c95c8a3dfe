/** What registries say to each other, on the control class. */
import {
  array,
  integer,
  message,
  messageCodes,
  object,
  oneOfWords,
  optionalOf,
  string,
  type Message,
  type Shape,
} from '../../wire/index.ts'

/** A claim, or a claim taken back, as it travels. */
export interface WireClaim {
  readonly id: number
  readonly name: string
}

/** Claims of the sender for names the receiver is the arbiter of. */
export interface NameClaims {
  readonly claims: readonly WireClaim[]
}

/** Claims of the sender that it no longer wants, or whose grants it made no use of. */
export interface NameReleases {
  readonly releases: readonly WireClaim[]
}

/** One answer. */
export interface WireVerdict {
  readonly id: number
  readonly kind: 'granted' | 'taken' | 'stale'
  /** Of a grant. */
  readonly epoch?: number | undefined
  /** Who has the name, when it is taken. */
  readonly node?: string | undefined
}

/** Answers to claims of the receiver. */
export interface NameVerdicts {
  readonly verdicts: readonly WireVerdict[]
}

/** The sender's view; see `agreement.ts`. */
export interface NameView {
  readonly view: string
  readonly incarnation: string
  readonly sequence: number
  /** The latest epoch it knows of. */
  readonly epoch: number
}

/** Claims, releases or verdicts in one message. */
export const claimsPerMessage = 256
/** Longest name. Bytes of UTF-8. */
export const nameMaxBytes = 255

const claim: Shape<WireClaim> = object({ id: integer(1), name: string(nameMaxBytes) })

/** See {@link NameClaims}. */
export const nameClaims: Message<NameClaims> = message(
  messageCodes.nameClaims,
  object({ claims: array(claim, claimsPerMessage) }),
)

/** See {@link NameReleases}. */
export const nameReleases: Message<NameReleases> = message(
  messageCodes.nameReleases,
  object({ releases: array(claim, claimsPerMessage) }),
)

/** See {@link NameVerdicts}. */
export const nameVerdicts: Message<NameVerdicts> = message(
  messageCodes.nameVerdicts,
  object({
    verdicts: array(
      object({
        id: integer(1),
        kind: oneOfWords(['granted', 'taken', 'stale']),
        epoch: optionalOf(integer(0)),
        node: optionalOf(string(512)),
      }),
      claimsPerMessage,
    ),
  }),
)

/** See {@link NameView}. */
export const nameView: Message<NameView> = message(
  messageCodes.nameView,
  object({
    view: string(64),
    incarnation: string(256),
    sequence: integer(0),
    epoch: integer(0),
  }),
)
