/** What members say to each other about membership: all rare, all on `control`. */
import {
  array,
  boolean,
  integer,
  message,
  messageCodes,
  object,
  string,
  type Message,
} from '../wire/index.ts'
import { addressMaxBytes, type Introduction } from './members/introduction.ts'

// With 16 addresses of full length each, 32 members stay under the 256 KiB of a control payload.
/** Members in one `memberList`; longer lists are sent in parts. */
export const introductionsMax = 32

const nameMaxBytes = 256
const incarnationMaxBytes = 128
const addressesMax = 16

const name = string(nameMaxBytes)
const incarnation = string(incarnationMaxBytes)
const id = integer(0)

/** The live members the sender has links to. Sent when a link is up, and about a newcomer to all. */
export const memberListMessage: Message<{ readonly members: readonly Introduction[] }> = message(
  messageCodes.memberList,
  object({
    members: array(
      object({ name, incarnation, addresses: array(string(addressMaxBytes), addressesMax) }),
      introductionsMax,
    ),
  }),
)

/** "Do you hear me?" */
export const probeMessage: Message<{ readonly id: number }> = message(
  messageCodes.probe,
  object({ id }),
)

/** The answer to a probe, with its id. */
export const probeAckMessage: Message<{ readonly id: number }> = message(
  messageCodes.probeAck,
  object({ id }),
)

/** "Probe that incarnation of `target` for me." */
export const probeRequestMessage: Message<{
  readonly id: number
  readonly target: string
  readonly incarnation: string
}> = message(messageCodes.probeRequest, object({ id, target: name, incarnation }))

/** What became of a probe asked for, with the request's id. */
export const probeReportMessage: Message<{ readonly id: number; readonly reached: boolean }> =
  message(messageCodes.probeReport, object({ id, reached: boolean() }))

/** "I do not hear you": to the suspect itself. */
export const suspectMessage: Message<{ readonly incarnation: string; readonly counter: number }> =
  message(messageCodes.suspect, object({ incarnation, counter: id }))

/** "But I live": a higher counter than that of the suspicion. */
export const refuteMessage: Message<{ readonly incarnation: string; readonly counter: number }> =
  message(messageCodes.refute, object({ incarnation, counter: id }))

/** "I am about to stop: do not dial this incarnation again." */
export const leavingMessage: Message<{ readonly incarnation: string }> = message(
  messageCodes.leaving,
  object({ incarnation }),
)
