/** Which payloads users have published; the others are what the parts of nodes say to each other. */
import { messageCodes } from './codes.ts'

/** In front of a fenced payload: its code, and six bytes that its receiver waits for. */
export const fenceHeadBytes = 7

/** True for a published message, fenced or not. */
export function isPublished(payload: Uint8Array): boolean {
  const at = payload[0] === messageCodes.fenced ? fenceHeadBytes : 0
  return payload[at] === messageCodes.publish
}
