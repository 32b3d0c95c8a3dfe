/** What this node has of a child, and what it says of it to the others. */
import type { Timer } from '../../kernel/index.ts'
import type { Stamp } from '../../replication/index.ts'
import type { Placement } from '../core/records.ts'
import type { PackedState } from './child-state.ts'
import type { LocalChild } from './local-child.ts'

interface SlotFacts {
  readonly epoch: number
  readonly hash: string
  readonly since: Stamp
}

/** A child that is here in some way; one state at a time. */
export type Slot = SlotFacts &
  (
    | { readonly state: 'starting'; readonly child: LocalChild }
    | { readonly state: 'running'; readonly child: LocalChild; readonly isCarried: boolean }
    | { readonly state: 'stopping'; readonly child: LocalChild }
    | {
        readonly state: 'sealed'
        readonly child: LocalChild
        readonly move: string
        /** What it will go on with; absent while calls still run, or when there is none. */
        readonly packed?: PackedState | undefined
        /** Goes on serving when nobody drives the hand-over any more. */
        readonly timer: Timer
      }
    | {
        readonly state: 'reserved'
        readonly move: string
        readonly arrived?: { readonly state: unknown } | undefined
      }
    | {
        readonly state: 'exported'
        readonly move: string
        readonly packed: PackedState | undefined
      }
    | { readonly state: 'exited'; readonly error: string | undefined }
  )

/** A slot of one state. */
export type SlotOf<S extends Slot['state']> = Extract<Slot, { readonly state: S }>

/** A slot with an instance in it. */
export type LiveSlot = Extract<Slot, { readonly child: LocalChild }>

/** What stays the same from one state of a slot to the next. */
export function factsOf({ epoch, hash, since }: Slot): SlotFacts {
  return { epoch, hash, since }
}

/** What the others are told of a slot. */
export function placementOf(slot: Slot): Placement {
  const { epoch, hash, since, state } = slot
  const told = { epoch, hash, since, state }
  switch (slot.state) {
    case 'starting':
    case 'stopping':
      return told
    case 'running':
      return { ...told, reason: slot.child.reason, isCarried: slot.isCarried }
    case 'sealed':
      return { ...told, move: slot.move }
    case 'reserved':
      return { ...told, move: slot.move, hasState: slot.arrived !== undefined }
    case 'exported':
      return { ...told, move: slot.move, hasState: slot.packed !== undefined }
    case 'exited':
      return slot.error === undefined ? told : { ...told, error: slot.error }
  }
}
