/** Two ends and the eight streams between them: four classes, two directions. */
import type { Host } from '../../kernel/index.ts'
import { channelClasses, type ChannelClass } from '../port/port.ts'
import type { Path } from './faults.ts'
import type { LinkEnd } from './link-end.ts'
import type { Wires } from './network.ts'
import type { Parcel } from './parcel.ts'
import { Stream } from './stream.ts'

/** One side, as joining needs it. */
export interface Side {
  readonly end: LinkEnd
  /** Name of its node in the faults of the network. */
  readonly place: string
  readonly host: Host
}

/** Joins two ends. Bytes that are held flow when the network says so, until both ends are down. */
export function joinEnds(network: Wires, a: Side, b: Side): void {
  const there = network.path(a.place, b.place)
  const back = network.path(b.place, a.place)
  a.end.attach(streamsTo(b, a.end, { network, path: there, wayBack: back }))
  b.end.attach(streamsTo(a, b.end, { network, path: back, wayBack: there }))
  for (const { end } of [a, b]) network.watch(end)
}

function streamsTo(
  receiver: Side,
  sender: LinkEnd,
  way: { network: Wires; path: Path; wayBack: Path },
): Map<ChannelClass, Stream<Parcel>> {
  const streamOf = (name: ChannelClass): Stream<Parcel> =>
    new Stream<Parcel>(
      {
        host: receiver.host,
        path: way.path,
        wayBack: way.wayBack,
        deliver: (parcel) => {
          receiver.end.receive(name, parcel)
        },
        drained: () => {
          sender.drained(name)
        },
      },
      way.network.options.wireMaxBytes,
    )
  return new Map(channelClasses.map((name) => [name, streamOf(name)]))
}
