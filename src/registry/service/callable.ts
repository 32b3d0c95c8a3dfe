/**
 * Which methods of a service other nodes may call, decided once, when the service is hosted. What is
 * not in the table cannot be reached, whatever a caller sends.
 */
import { invalid } from '../../kernel/index.ts'

/** A method as the host keeps it; its arguments are between caller and service. */
export type ServiceMethod = (...args: unknown[]) => unknown

/** Methods the supervisor calls; never callable from another node. */
export const lifecycleMethods = ['start', 'stop', 'handoff', 'mergeState', 'canMove'] as const

/** What a runtime asks of any object; a proxy that answered would look like a promise or a value. */
const reserved: ReadonlySet<string> = new Set([...lifecycleMethods, 'then', 'toJSON'])

/**
 * The callable methods of a service by name: the public methods of its own class, not of classes it
 * extends (a service that extends EventEmitter does not export `emit`), or the function properties
 * of a plain object.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID`: no object.
 */
export function callableMethods(service: unknown): ReadonlyMap<string, ServiceMethod> {
  if (typeof service !== 'object' || service === null) {
    throw invalid('service', 'expected an object or a class instance with methods', service)
  }
  const methods = new Map<string, ServiceMethod>()
  const descriptors = Object.getOwnPropertyDescriptors(holderOf(service))
  for (const [name, { value }] of Object.entries<PropertyDescriptor>(descriptors)) {
    if (typeof value === 'function' && isExported(name)) methods.set(name, value as ServiceMethod)
  }
  return methods
}

/** Calls a service works on at once: `static concurrency` of its class (1). */
export function concurrencyOf(service: object): number {
  // An object without a prototype has no constructor.
  const { constructor: made } = service as { constructor?: { concurrency?: unknown } }
  const concurrency = made?.concurrency ?? 1
  if (Number.isSafeInteger(concurrency) && Number(concurrency) >= 1) return Number(concurrency)
  throw invalid('static concurrency of a service', 'expected a whole number from 1', concurrency)
}

/** Where the methods are: the prototype of a class instance, a plain object itself. */
function holderOf(service: object): object {
  const prototype: unknown = Object.getPrototypeOf(service)
  return prototype === Object.prototype || prototype === null ? service : (prototype as object)
}

/** False for what a runtime or the supervisor calls, and for names that begin with `_`. */
export function isExported(name: string): boolean {
  return !name.startsWith('_') && !reserved.has(name) && !(name in Object.prototype)
}
