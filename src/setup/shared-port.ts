/**
 * Some strategies find hosts without ports: an A record, a pod's address. There the nodes of a
 * cluster must all listen on one port that each knows beforehand. Pure.
 */
import { sharedPortNeeded, type Topology } from '../discovery/index.ts'
import type { Endpoint } from './start-options.ts'

/** Below the ports that systems hand out for outgoing connections, so that it is free. */
export const defaultSharedPort = 27_946

/** Topologies with the port filled in, and where this node must listen to be found by them. */
export interface WithSharedPort {
  readonly topologies: Readonly<Record<string, Topology>>
  /** Undefined: any port will do. */
  readonly sharedPort: number | undefined
}

/**
 * Fills in the port of those topologies that find hosts only: `port` of their config, else the
 * port this node is told to listen on, else {@link defaultSharedPort}.
 *
 * @throws {FoundationError} `FND_OPTION_INVALID` for a topology that is not well formed.
 */
export function withSharedPort(
  topologies: Readonly<Record<string, Topology>>,
  listen: Endpoint | undefined,
): WithSharedPort {
  let sharedPort: number | undefined
  // Port 0 asks for any free one, where nobody would look.
  const fallback = listen?.port === 0 ? undefined : listen?.port
  const filled = Object.entries(topologies).map(([name, topology]) => {
    const needed = sharedPortNeeded(name, topology)
    if (!needed) return [name, topology]
    const port = needed.port ?? fallback ?? defaultSharedPort
    if (topology.enabled !== false) sharedPort ??= port
    return [name, { ...topology, config: { ...topology.config, port } }]
  })
  return { topologies: Object.fromEntries(filled) as Record<string, Topology>, sharedPort }
}
