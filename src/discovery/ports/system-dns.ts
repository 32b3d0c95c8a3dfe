/** Name service by the system resolver and by name servers directly. */
import { lookup, Resolver } from 'node:dns/promises'
import { toError } from '../../kernel/index.ts'
import { isEmptyAnswer, type DnsPort, type DnsQueryOptions } from '../port/ports.ts'

/** The machine's own name service. */
export const systemDns: DnsPort = {
  lookup: lookupShared,
  resolveSrv: (name, options) => withResolver(options, (resolver) => resolver.resolveSrv(name)),
  resolveAddresses: (name, options) =>
    withResolver(options, async (resolver) => {
      const families = [resolver.resolve4(name), resolver.resolve6(name)]
      const settled = await Promise.allSettled(families)
      const found = settled.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
      if (found.length > 0) return found
      const failures = settled.flatMap((one) =>
        one.status === 'rejected' ? [toError(one.reason)] : [],
      )
      // A failure of one family says more than "no such record" of the other.
      throw failures.find((error) => !isEmptyAnswer(error)) ?? failures[0] ?? noRecord(name)
    }),
}

const lookups = new Map<string, Promise<readonly string[]>>()

/**
 * The system resolver cannot be cancelled and holds one of the process's few worker threads until
 * it gives up. A name that is still being looked up is therefore never asked for a second time.
 */
function lookupShared(name: string): Promise<readonly string[]> {
  const running = lookups.get(name)
  if (running) return running
  const work = lookup(name, { all: true })
    .then((answers) => answers.map(({ address }) => address))
    .finally(() => lookups.delete(name))
  lookups.set(name, work)
  return work
}

function noRecord(name: string): Error {
  return Object.assign(new Error(`${name} has no address`), { code: 'ENODATA' })
}

async function withResolver<T>(
  { signal, servers }: DnsQueryOptions,
  query: (resolver: Resolver) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const resolver = new Resolver()
  if (servers.length > 0) resolver.setServers([...servers])
  const cancel = (): void => {
    resolver.cancel()
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    return await query(resolver)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}
