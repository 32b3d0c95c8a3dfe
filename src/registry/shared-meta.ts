/** Values of the registry as a whole, known to every node: a part of the versioned map. */
import type { MapSpace, Version } from '../replication/index.ts'
import { checkName } from './arguments.ts'

/** Values every node may write; the last writer wins. */
export interface RegistryMeta {
  get(key: string): unknown
  /** @throws {FoundationError} `FND_OPTION_INVALID`, `FND_MESSAGE_INVALID`, `FND_MESSAGE_TOO_LARGE` */
  put(key: string, value: unknown): Version
  delete(key: string): Version
}

/** {@link RegistryMeta} over its space of the map. */
export function registryMeta(space: MapSpace): RegistryMeta {
  return {
    get: (key) => space.get(key)?.value,
    put: (key, value) => {
      checkName('meta key', key)
      return space.put(key, value)
    },
    delete: (key) => space.delete(key),
  }
}
