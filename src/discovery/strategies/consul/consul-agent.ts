/** Requests to the Consul agent: its address, token and certificate authority. */
import { requestJson, type JsonAnswer } from '../../port/json-request.ts'
import type { StrategyContext } from '../../port/port.ts'

/** How the agent is reached. */
export interface ConsulAgentOptions {
  readonly url: string
  readonly token: string | undefined
  readonly ca: string | undefined
}

/** What a PUT came to. Its body says nothing. */
export interface PutOutcome {
  readonly status: number
}

type Ports = StrategyContext['ports']
const putAnswerMaxBytes = 64 * 1_024

/** One agent. */
export class ConsulAgent {
  readonly #options: ConsulAgentOptions
  readonly #ports: Ports

  constructor(options: ConsulAgentOptions, ports: Ports) {
    this.#options = options
    this.#ports = ports
  }

  /** @throws (rejects) as `requestJson`. */
  get(
    path: string,
    query: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<JsonAnswer> {
    return requestJson(this.#ports, { ...this.#addressed(path, query), signal })
  }

  /** Any status is an outcome. @throws (rejects) the system's error when nothing answered. */
  put(path: string, body: object | undefined, signal: AbortSignal): Promise<PutOutcome> {
    return this.#ports.request({
      ...this.#addressed(path, {}),
      method: 'PUT',
      ...(body && { body: JSON.stringify(body) }),
      responseMaxBytes: putAnswerMaxBytes,
      signal,
    })
  }

  #addressed(path: string, query: Readonly<Record<string, string>>): Addressed {
    const { url: base, token, ca } = this.#options
    const url = new URL(path, base)
    url.search = new URLSearchParams(query).toString()
    return {
      url: url.href,
      headers: token === undefined ? {} : { 'x-consul-token': token },
      ...(ca !== undefined && { ca }),
    }
  }
}

interface Addressed {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly ca?: string
}
