/** `http`: a list of peers as JSON from a URL, for what has no strategy of its own. */
import { flag, optional, required, textCheck, type Check, type Rules } from '../../kernel/index.ts'
import { requestJson, urlCheck } from '../port/json-request.ts'
import type { StrategyDefinition } from '../port/port.ts'
import { peersOf } from './host-list.ts'

/** Options of `http`. */
export interface HttpOptions {
  /** Answers GET with `["host:port", ...]`, `[{ "host": ..., "port": ... }, ...]` or `{ "peers": [...] }`. */
  readonly url: string
  /** Sent with each request, for example `{ authorization: 'Bearer ...' }`. */
  readonly headers: Readonly<Record<string, string>>
  /** Certificate authority of the server, PEM; those of Node when left out. */
  readonly ca: string | undefined
  /** False: a peer that is not listed may exist all the same, and is never forgotten for that. */
  readonly complete: boolean
}

const checkHeaders: Check = (value) => {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  const isGood = isRecord && Object.values(value).every((text) => typeof text === 'string')
  return isGood ? undefined : 'expected an object of strings'
}

/** The rules of {@link HttpOptions}. */
export const httpRules: Rules<HttpOptions> = {
  url: required(urlCheck),
  headers: { fallback: {}, check: checkHeaders },
  ca: optional(textCheck),
  complete: flag(true),
}

/** The `http` strategy. */
export const httpStrategy: StrategyDefinition<HttpOptions> = {
  name: 'http',
  aliases: [],
  rules: httpRules,
  create: ({ url, headers, ca, complete }) => ({
    kind: 'poll',
    defaults: { pollIntervalMs: 5_000, lookupTimeoutMs: 10_000, prune: 'grace' },
    async lookup({ ports }, signal) {
      const asked = { url, headers, signal, ...(ca !== undefined && { ca }) }
      const { document } = await requestJson(ports, asked)
      return { peers: peersOf(document), complete }
    },
  }),
}
