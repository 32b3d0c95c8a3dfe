/**
 * A stand-in for the Kubernetes API server, made from its documentation: HTTPS, bearer tokens,
 * lists with a resourceVersion, watches that are chunked lines of JSON and may be torn anywhere.
 * No tests here.
 */
import { createServer, type Server } from 'node:https'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { authority, type Authority } from '../../../transport/mesh/certificate-fixtures.test.ts'

/** An object as the API would give it. */
export type Manifest = Record<string, unknown> & { readonly metadata: Record<string, unknown> }

/** Answers one request in place of the rules of the stand-in; `false` leaves it to them. */
export type Interceptor = (request: Asked, response: ServerResponse) => boolean

/** One request, as it was asked. */
export interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  readonly isWatch: boolean
  readonly token: string | undefined
}

let shared: Promise<Authority> | undefined

/** The API of one cluster, with one namespace `shop`. */
export class ApiServer {
  readonly asked: Asked[] = []
  readonly folder: string
  readonly url: string
  /** The token that is accepted. */
  token = 'token-1'
  intercept: Interceptor = () => false
  readonly #server: Server
  readonly #sockets = new Set<Duplex>()
  readonly #watchers = new Set<ServerResponse>()
  readonly #objects = new Map<string, Manifest>()
  #version = 100

  private constructor(server: Server, folder: string) {
    this.#server = server
    this.folder = folder
    this.url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response)
    })
  }

  static async start(t: TestContext): Promise<ApiServer> {
    shared ??= authority()
    const issuer = await shared
    const server = createServer(await issuer.issue('IP:127.0.0.1'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const folder = await mkdtemp(join(tmpdir(), 'foundation-account-'))
    const api = new ApiServer(server, folder)
    await writeFile(join(folder, 'ca.crt'), issuer.ca)
    await writeFile(join(folder, 'namespace'), 'shop')
    await api.writeToken('token-1')
    t.after(() => api.stop())
    return api
  }

  /** What the kubelet does when it rotates the token. */
  writeToken(token: string): Promise<void> {
    return writeFile(join(this.folder, 'token'), `${token}\n`)
  }

  /** Options of the strategy that lead here. */
  get config(): { apiServer: string; serviceAccountFolder: string } {
    return { apiServer: this.url, serviceAccountFolder: this.folder }
  }

  get lists(): Asked[] {
    return this.asked.filter(({ isWatch }) => !isWatch)
  }

  get watches(): Asked[] {
    return this.asked.filter(({ isWatch }) => isWatch)
  }

  /** Watches that are open right now. */
  get openWatches(): number {
    return this.#watchers.size
  }

  /** Creates or replaces an object and tells the watchers. */
  put(object: Manifest): void {
    const key = String(object.metadata.name)
    const type = this.#objects.has(key) ? 'MODIFIED' : 'ADDED'
    const stamped = this.#stamped(object)
    this.#objects.set(key, stamped)
    this.tell({ type, object: stamped })
  }

  delete(name: string): void {
    const object = this.#objects.get(name)
    if (!object) return
    this.#objects.delete(name)
    this.tell({ type: 'DELETED', object: this.#stamped(object) })
  }

  bookmark(): void {
    this.#version += 1
    const metadata = { resourceVersion: String(this.#version), creationTimestamp: null }
    this.tell({ type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1', metadata } })
  }

  /** The version has been compacted away, told in the stream. */
  expireInStream(): void {
    const object = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }
    this.tell({ type: 'ERROR', object })
  }

  tell(event: unknown): void {
    this.write(`${JSON.stringify(event)}\n`)
  }

  /** Raw bytes to every watcher. */
  write(bytes: string | Uint8Array): void {
    for (const watcher of this.#watchers) watcher.write(bytes)
  }

  /** Ends every watch in order, as the server does after `timeoutSeconds`. */
  endWatches(): void {
    for (const watcher of this.#watchers) watcher.end()
  }

  /** Cuts every connection in the middle of whatever it carries. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  get version(): number {
    return this.#version
  }

  async stop(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
    await rm(this.folder, { recursive: true, force: true })
  }

  #stamped(object: Manifest): Manifest {
    this.#version += 1
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', this.url)
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    const asked = { path, query, isWatch: query.get('watch') === '1', token }
    this.asked.push(asked)
    if (this.intercept(asked, response)) return
    if (token !== this.token) refuse(response, 401, 'Unauthorized')
    else if (asked.isWatch) this.#watch(response)
    else this.#list(response)
  }

  #list(response: ServerResponse): void {
    const metadata = { resourceVersion: String(this.#version) }
    const list = { kind: 'List', metadata, items: [...this.#objects.values()] }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(list))
  }

  #watch(response: ServerResponse): void {
    response.setHeader('content-type', 'application/json')
    response.flushHeaders()
    this.#watchers.add(response)
    response.on('close', () => this.#watchers.delete(response))
  }
}

/** A `Status` object, as the API refuses. */
export function refuse(response: ServerResponse, code: number, reason: string): true {
  response.statusCode = code
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ kind: 'Status', status: 'Failure', code, reason }))
  return true
}

/** A running pod. */
export function pod(name: string, ip: string, changes: Record<string, unknown> = {}): Manifest {
  return {
    metadata: { name, uid: `uid-${name}`, labels: { app: 'shop' } },
    spec: { containers: [{ ports: [{ name: 'foundation', containerPort: 7000 }] }] },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
    ...changes,
  }
}

/** An EndpointSlice of the service `shop`. */
export function slice(name: string, endpoints: readonly unknown[], addressType = 'IPv4'): Manifest {
  return {
    metadata: { name, labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType,
    ports: [{ name: 'foundation', port: 7000, protocol: 'TCP' }],
    endpoints,
  }
}

/** One endpoint of a slice. */
export function endpoint(name: string, ip: string, conditions: object = { ready: true }): object {
  return {
    addresses: [ip],
    conditions,
    targetRef: { kind: 'Pod', namespace: 'shop', name, uid: `uid-${name}` },
  }
}
