/** What nodes ask of each other about children, over rpc: questions, answers and their shapes. */
import {
  array,
  boolean,
  bytes,
  integer,
  object,
  oneOfWords,
  optionalOf,
  string,
  type Shape,
} from '../wire/index.ts'
import type { ChildSpec } from './core/child-spec.ts'
import { specShape } from './core/records.ts'
import { startReasons, type StartReason } from './core/service-class.ts'

/** An order to start a child. */
export interface StartOrder {
  readonly id: string
  readonly epoch: number
  readonly spec: ChildSpec
  readonly hash: string
  readonly reason: StartReason
  /** Start with the state that arrived in this hand-over. */
  readonly move?: string | undefined
}

/** An order to give a child away. */
export interface SealOrder {
  readonly id: string
  readonly epoch: number
  readonly move: string
  /** Where calls go from now on. */
  readonly to: string
}

/** An order to fetch the state of a child. */
export interface CarryOrder {
  readonly id: string
  /** The class that will take it. */
  readonly service: string
  readonly move: string
  readonly from: string
  readonly stateBytes: number
  /** SHA-256, hexadecimal. */
  readonly checksum: string
  readonly version: number
}

/** Every answer of a node that changed something tells where to find that in its owner log. */
export interface Done {
  readonly sequence: number
}

/** What a source tells of the state it keeps; nothing, when the child has none to give. */
export interface ExportedState extends Done {
  readonly stateBytes?: number | undefined
  readonly checksum?: string | undefined
  readonly version?: number | undefined
}

/** Every command: what it asks, and what comes back. */
export interface Commands {
  // From the home of a child to a node.
  /** `passed`: not started, for that later epoch was seen there. */
  readonly start: { ask: StartOrder; answer: Done & { readonly passed?: number | undefined } }
  readonly stop: {
    ask: { readonly id: string; readonly epoch: number; readonly reason: OrderedStop }
    answer: Done
  }
  readonly reserve: {
    ask: { readonly id: string; readonly move: string; readonly hash: string }
    answer: Done
  }
  readonly seal: { ask: SealOrder; answer: ExportedState }
  readonly carry: { ask: CarryOrder; answer: Done }
  readonly retire: { ask: Omit<SealOrder, 'to'>; answer: Done }
  readonly unseal: { ask: { readonly id: string }; answer: Done }
  readonly clear: { ask: { readonly id: string; readonly to?: string | undefined }; answer: Done }
  readonly surrender: { ask: SealOrder; answer: ExportedState }
  readonly merge: { ask: CarryOrder; answer: Done }
  readonly kept: { ask: { readonly id: string; readonly move: string }; answer: ExportedState }
  // Between the two nodes of a hand-over.
  readonly state: {
    ask: { readonly id: string; readonly move: string; readonly offset: number }
    answer: Uint8Array
  }
  // From anywhere to the home of a child; `rebalance` to every node.
  readonly startChild: {
    ask: {
      readonly spec: ChildSpec
      readonly hash: string
      /** Answer once it runs. */
      readonly isAwaited: boolean
      readonly withinMs: number
    }
    answer: { readonly node?: string | undefined; readonly epoch: number }
  }
  readonly stopChild: { ask: { readonly id: string; readonly withinMs: number }; answer: undefined }
  readonly moveChild: {
    ask: { readonly id: string; readonly to: string; readonly withinMs: number }
    answer: undefined
  }
  readonly rebalance: { ask: undefined; answer: readonly string[] }
}

/** Why a home has a child stopped. */
export type OrderedStop = 'stopped' | 'replaced' | 'moved'
/** Name of a command. */
export type CommandName = keyof Commands
/** What a command asks. */
export type Ask<C extends CommandName> = Commands[C]['ask']
/** What comes back. */
export type Answer<C extends CommandName> = Commands[C]['answer']

const id = string(255)
const node = string(255)
const move = string(64)
const checksum = string(64)
const epoch = integer(0)
const withinMs = integer(1)
const nothing: Shape<undefined> = { check: () => undefined }
const done: Shape<Done> = object({ sequence: integer(0) })
const exported: Shape<ExportedState> = object({
  sequence: integer(0),
  stateBytes: optionalOf(integer(0)),
  checksum: optionalOf(checksum),
  version: optionalOf(integer(0)),
})
const seal: Shape<SealOrder> = object({ id, epoch, move, to: node })
const carry: Shape<CarryOrder> = object({
  ...{ id, service: string(1_024), move, from: node },
  ...{ stateBytes: integer(0), checksum, version: integer(0) },
})

/** The shapes of every command. */
export const commandShapes: {
  readonly [C in CommandName]: {
    readonly ask: Shape<Ask<C>>
    readonly answer: Shape<Answer<C>>
  }
} = {
  start: {
    ask: object({
      ...{ id, epoch: integer(1), spec: specShape, hash: string(64) },
      ...{ reason: oneOfWords(startReasons), move: optionalOf(move) },
    }),
    answer: object({ sequence: integer(0), passed: optionalOf(integer(0)) }),
  },
  stop: {
    ask: object({ id, epoch, reason: oneOfWords(['stopped', 'replaced', 'moved']) }),
    answer: done,
  },
  reserve: { ask: object({ id, move, hash: string(64) }), answer: done },
  seal: { ask: seal, answer: exported },
  carry: { ask: carry, answer: done },
  retire: { ask: object({ id, epoch, move }), answer: done },
  unseal: { ask: object({ id }), answer: done },
  clear: { ask: object({ id, to: optionalOf(node) }), answer: done },
  surrender: { ask: seal, answer: exported },
  merge: { ask: carry, answer: done },
  kept: { ask: object({ id, move }), answer: exported },
  state: { ask: object({ id, move, offset: integer(0) }), answer: bytes(256 * 1_024) },
  startChild: {
    ask: object({ spec: specShape, hash: string(64), isAwaited: boolean(), withinMs }),
    answer: object({ node: optionalOf(node), epoch }),
  },
  stopChild: { ask: object({ id, withinMs }), answer: nothing },
  moveChild: { ask: object({ id, to: node, withinMs }), answer: nothing },
  rebalance: { ask: nothing, answer: array(id, 10_000) },
}

/** Name of the rpc handler of a command. */
export function commandHandlerName(name: CommandName): string {
  return `foundation.child.${name}`
}
