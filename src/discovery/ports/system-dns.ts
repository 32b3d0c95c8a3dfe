/** Name service by the system resolver and by name servers directly. */
import { lookup, Resolver } from 'node:dns/promises'
import { toError } from '../../kernel/index.ts'
import type { DnsPort, DnsQueryOptions } from '../port/ports.ts'

/** The machine's own name service. */
export const systemDns: DnsPort = {
  lookup: async (name) => {
    const answers = await lookup(name, { all: true })
    return answers.map(({ address }) => address)
  },
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

/** True for answers that say "there is none", which is knowledge, not a failure. */
export function isEmptyAnswer(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ENOTFOUND' || code === 'ENODATA'
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
