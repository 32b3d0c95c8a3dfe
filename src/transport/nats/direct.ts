/**
 * Payloads for one node only have two streams a class: what users publish, and what the parts of
 * nodes say to each other. So a loss can be told to those it concerns and to nobody else. Pure.
 */
import { channelClasses, type ChannelClass } from '../port/port.ts'

/** One of these streams. */
export interface DirectKind {
  readonly channelClass: ChannelClass
  readonly isPublished: boolean
}

/** All of them; counters of a peer are in this order. */
export const directKinds: readonly DirectKind[] = channelClasses.flatMap((channelClass) => [
  { channelClass, isPublished: false },
  { channelClass, isPublished: true },
])

/** Streams of one class. */
export const kindsPerClass = 2

/** Where a stream stands in {@link directKinds}. */
export function directAt({ channelClass, isPublished }: DirectKind): number {
  return channelClasses.indexOf(channelClass) * kindsPerClass + Number(isPublished)
}
