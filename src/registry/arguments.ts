/** Checks what users give the registry, before anything happens. */
import {
  anything,
  checkGiven,
  functionCheck,
  invalid,
  stringCheck,
  waitChecks,
  wordCheck,
  type GivenChecks,
  type WaitOptions,
} from '../kernel/index.ts'
import { nameMaxBytes } from './names/messages.ts'
import type { NameFilter } from './names/name-events.ts'
import type { RegisterOptions, Token } from './names/registration.ts'
import { callableMethods, concurrencyOf } from './service/callable.ts'

/** How `lookup` behaves. */
export interface LookupOptions extends WaitOptions {
  /** The `token` of a registration: waits until it is known here. */
  readonly after?: Token
}

/** A lookup that waits. */
export type LookupAfter = LookupOptions & { readonly after: Token }

/** What a member of a group may say of itself. */
export interface JoinOptions {
  /** Shown with the member on every node; small plain data. */
  readonly meta?: unknown
}

const filterChecks: GivenChecks<NameFilter> = {
  prefix: stringCheck,
  node: stringCheck,
  where: functionCheck,
}
const joinChecks: GivenChecks<JoinOptions> = { meta: anything }
const registerChecks: GivenChecks<RegisterOptions> = {
  ...waitChecks,
  meta: anything,
  ack: wordCheck(['local', 'majority', 'all']),
  onConflictLost: functionCheck,
  mergeState: functionCheck,
}
const lookupChecks: GivenChecks<LookupOptions> = {
  ...waitChecks,
  after: (token) =>
    typeof (token as Partial<Token> | null)?.owner === 'string'
      ? undefined
      : 'expected the `token` of a registration',
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
export function checkRegisterOptions(options: RegisterOptions): void {
  checkGiven(registerChecks, options, 'register')
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
export function checkFilter(filter: NameFilter, method: 'select' | 'count' | 'watch'): void {
  checkGiven(filterChecks, filter, method)
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
export function checkJoinOptions(options: JoinOptions): void {
  checkGiven(joinChecks, options, 'join')
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
export function checkLookup(options: LookupOptions | undefined): void {
  checkGiven(lookupChecks, options, 'lookup')
}

/** @throws {FoundationError} `FND_OPTION_INVALID` */
export function checkName(what: string, name: unknown): asserts name is string {
  const isText = typeof name === 'string' && /^[^\p{Cc}]+$/u.test(name)
  if (isText && Buffer.byteLength(name) <= nameMaxBytes) return
  const problem = `expected text of 1 to ${String(nameMaxBytes)} bytes without control characters`
  throw invalid(what, problem, name)
}

/** @throws {FoundationError} `FND_OPTION_INVALID`: it could not be served. */
export function checkService(service: object | undefined): void {
  if (service === undefined) return
  callableMethods(service)
  concurrencyOf(service)
}
