/** Where a node listens when it is told nothing, or only half. Pure. */
import type { Translation } from './modes.ts'
import type { CheckedOptions, Endpoint } from './start-options.ts'

/**
 * What was given, over the shared port of its topologies, over loopback where there is no reason to
 * be reachable from outside: alone, confined to it, or with a secret nobody else has.
 */
export function listenEndpoint(
  { listen, interfaces }: Pick<CheckedOptions, 'listen' | 'interfaces'>,
  { translation, isPrivate }: { translation: Translation; isPrivate: boolean },
): Endpoint {
  const { mode, sharedPort } = translation
  const isConfined = interfaces?.length === 1 && interfaces[0] === 'lo'
  const isInward = isConfined || isPrivate || mode === 'alone'
  return {
    ...(isInward && { host: '127.0.0.1' }),
    ...(sharedPort !== undefined && { port: sharedPort }),
    ...listen,
  }
}
