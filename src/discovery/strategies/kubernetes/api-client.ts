/**
 * Talks to the Kubernetes API as the pod's service account: its token, read anew for each request
 * because it rotates, and its certificate authority, without which nothing is sent.
 */
import { join } from 'node:path'
import { FoundationError } from '../../../kernel/index.ts'
import type { StrategyContext } from '../../port/port.ts'
import type { HttpRequest, HttpStream } from '../../port/ports.ts'
import type { Resource } from './resources.ts'

/** How the API is reached. */
export interface ApiClientOptions {
  /** `https://host:port`; what the pod's environment says when left out. */
  readonly apiServer: string | undefined
  readonly serviceAccountFolder: string
  /** The service account's own when left out. */
  readonly namespace: string | undefined
}

/** What is asked for. */
export interface ApiCall {
  readonly resource: Resource
  /** As RBAC spells it, for the words of an error. */
  readonly verb: 'list' | 'watch'
  readonly query: Readonly<Record<string, string>>
}

type Ports = StrategyContext['ports']

/** Enough to list some thousand pods. */
const listMaxBytes = 64 * 1_024 * 1_024

/** The status of an answer that was no success. */
export class ApiRefusal extends FoundationError {
  readonly status: number

  constructor(status: number, message: string) {
    super('FND_DISCOVERY_FAILED', message, { details: { status } })
    this.status = status
  }
}

/** The API as one strategy sees it. */
export class ApiClient {
  readonly #options: ApiClientOptions
  readonly #ports: Ports

  constructor(options: ApiClientOptions, ports: Ports) {
    this.#options = options
    this.#ports = ports
  }

  /** @throws (rejects) `ApiRefusal`, or the system's error. @returns the JSON text. */
  async list(call: ApiCall, signal: AbortSignal): Promise<string> {
    const request = await this.#request(call, signal)
    const sized = { ...request, responseMaxBytes: listMaxBytes }
    const { status, body } = await this.#authorized(sized, (given) => this.#ports.request(given))
    if (status === 200) return body
    throw await this.#refusal(call, status)
  }

  /** The answer as it comes. @throws (rejects) `ApiRefusal`, or the system's error. */
  async open(call: ApiCall, signal: AbortSignal): Promise<HttpStream> {
    const request = await this.#request(call, signal)
    const stream = await this.#authorized(request, async (given) => {
      const answer = await this.#ports.openStream(given)
      if (answer.status !== 200) await discard(answer)
      return answer
    })
    if (stream.status === 200) return stream
    throw await this.#refusal(call, stream.status)
  }

  /** What the pod's environment, the service account and the options come to. */
  async namespace(): Promise<string> {
    const { namespace } = this.#options
    return namespace ?? ((await this.#file('namespace').catch(() => '')).trim() || 'default')
  }

  async #request({ resource, query }: ApiCall, signal: AbortSignal): Promise<Sendable> {
    const url = new URL(resource.path(await this.namespace()), this.#server())
    url.search = new URLSearchParams(query).toString()
    if (url.protocol === 'http:') return { url: url.href, headers: accept, signal }
    const [token, ca] = [await this.#token(), await this.#authority()]
    return { url: url.href, headers: { ...accept, authorization: bearer(token) }, ca, signal }
  }

  /** A token that was replaced between reading and using it is read once more. */
  async #authorized<R extends Sendable, A extends { readonly status: number }>(
    request: R,
    send: (request: R) => Promise<A>,
  ): Promise<A> {
    const answer = await send(request)
    const sent = request.headers.authorization
    if (answer.status !== 401 || sent === undefined) return answer
    const authorization = bearer(await this.#token())
    if (authorization === sent) return answer
    return send({ ...request, headers: { ...request.headers, authorization } })
  }

  #server(): string {
    const { apiServer } = this.#options
    if (apiServer !== undefined) return apiServer
    const host = this.#ports.environment('KUBERNETES_SERVICE_HOST') ?? 'kubernetes.default.svc'
    const port = this.#ports.environment('KUBERNETES_SERVICE_PORT') ?? '443'
    return `https://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  async #token(): Promise<string> {
    const token = (await this.#file('token').catch(() => '')).trim()
    if (token !== '') return token
    const message =
      'The pod has no service account token. Is automountServiceAccountToken false, or is this not a pod?'
    throw new FoundationError('FND_DISCOVERY_FAILED', message)
  }

  #authority(): Promise<string> {
    return this.#file('ca.crt').catch(() => {
      const message =
        `There is no ${join(this.#options.serviceAccountFolder, 'ca.crt')}: without it the Kubernetes API ` +
        'cannot be told from an impostor, and the token is not sent'
      throw new FoundationError('FND_DISCOVERY_FAILED', message)
    })
  }

  #file(name: string): Promise<string> {
    return this.#ports.readText(join(this.#options.serviceAccountFolder, name))
  }

  async #refusal({ resource, verb }: ApiCall, status: number): Promise<ApiRefusal> {
    const where = `namespace "${await this.namespace()}"`
    const group = resource.apiGroup === '' ? 'the core API group' : resource.apiGroup
    const words: Readonly<Record<number, string>> = {
      401: 'it does not accept the token of the service account',
      403:
        `the service account may not. Give it a Role with verbs get, list and watch on ` +
        `"${resource.name}" of ${group} (missing: ${verb}); docs/guides/kubernetes.md has one`,
      410: 'the version asked for is too old',
    }
    const reason = words[status] ?? 'the API server did not answer as expected'
    const message = `Kubernetes refused to ${verb} ${resource.name} in ${where} (${String(status)}): ${reason}`
    return new ApiRefusal(status, message)
  }
}

type Sendable = Pick<HttpRequest, 'url' | 'ca' | 'signal'> & {
  readonly headers: Readonly<Record<string, string>>
}

const accept = { accept: 'application/json' }

function bearer(token: string): string {
  return `Bearer ${token}`
}

/** Lets go of an answer whose body nobody reads. */
async function discard({ chunks }: HttpStream): Promise<void> {
  for await (const chunk of chunks) if (chunk.byteLength > 0) break
}
