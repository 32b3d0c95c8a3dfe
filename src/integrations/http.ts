/**
 * Health over http: `/livez`, `/readyz` and `/health`, for `node:http`, Express (and whatever takes
 * its middleware) and Fastify.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkGiven, stringCheck, type GivenChecks } from '../kernel/index.ts'
import type { FoundationNode } from '../node/index.ts'

/** What health is asked of. */
export type ProbedNode = Pick<FoundationNode, 'name' | 'monitor' | 'members' | 'status'>

/** How probes judge. */
export interface HealthOptions {
  /** Other live members a node needs to be ready. Default 0: a node that is alone serves as well. */
  readonly minPeers?: number
  /** Before the paths: `/internal` gives `/internal/livez`. Default none. */
  readonly prefix?: string
}

const healthChecks: GivenChecks<HealthOptions> = {
  minPeers: (value) =>
    Number.isInteger(value) && (value as number) >= 0 ? undefined : 'expected 0 or more',
  prefix: stringCheck,
}

/** The answer to one probe. */
export interface ProbeAnswer {
  /** 200, or 503. */
  readonly statusCode: number
  /** Plain JSON. */
  readonly body: Readonly<Record<string, unknown>>
}

/** Alive: restart the process when it is not. Only a node that was stopped is not. */
export function livez(node: ProbedNode): ProbeAnswer {
  const { state, uptimeMs } = node.status()
  return { statusCode: state === 'stopped' ? 503 : 200, body: { node: node.name, state, uptimeMs } }
}

/**
 * Ready: send work here. Not while it starts, leaves, is `unhealthy` or has too few peers; `degraded`
 * is ready, for there a person should look and no work is lost.
 */
export function readyz(node: ProbedNode, { minPeers = 0 }: HealthOptions = {}): ProbeAnswer {
  const { status, reasons } = node.monitor.health()
  const peers = node.members({ status: ['alive'] }).filter(({ isSelf }) => !isSelf).length
  const missing = peers < minPeers ? [`${String(peers)} of ${String(minPeers)} peers`] : []
  const isReady = status !== 'unhealthy' && missing.length === 0
  return {
    statusCode: isReady ? 200 : 503,
    body: {
      node: node.name,
      ready: isReady,
      health: status,
      peers,
      reasons: [...missing, ...reasons],
    },
  }
}

/** Everything the node knows of the cluster. For people on a network of their own: it names addresses. */
export function health(node: ProbedNode): ProbeAnswer {
  const snapshot = node.monitor.snapshot()
  return { statusCode: snapshot.health.status === 'unhealthy' ? 503 : 200, body: { ...snapshot } }
}

type Probe = (node: ProbedNode, options: HealthOptions) => ProbeAnswer

const probes: Readonly<Record<string, Probe>> = {
  '/livez': livez,
  '/readyz': readyz,
  '/health': health,
}

/**
 * Answers GET and HEAD of the three paths; passes on everything else, or answers 404 where nobody
 * follows.
 *
 * @example
 *   createServer(healthHandler(node)).listen(8080)
 *   app.use(healthHandler(node, { minPeers: 2 })) // Express
 */
export function healthHandler(
  node: ProbedNode,
  options: HealthOptions = {},
): (request: IncomingMessage, response: ServerResponse, next?: () => void) => void {
  checkGiven(healthChecks, options, 'healthHandler')
  return (request, response, next) => {
    const probe = probeFor(request, options)
    if (probe) send(response, request, probe(node, options))
    else if (next) next()
    else send(response, request, { statusCode: 404, body: { error: 'not found' } })
  }
}

/** What is used of a Fastify instance. */
export interface FastifyRoutes {
  /** Serves GET requests of one path. */
  get(path: string, handler: (request: unknown, reply: FastifyAnswer) => unknown): unknown
}

/** What is used of a Fastify reply. */
export interface FastifyAnswer {
  /** Sets the status code. */
  code(statusCode: number): FastifyAnswer
  /** Sets a header. */
  header(name: string, value: string): FastifyAnswer
  /** Sends the body, as JSON when it is an object. */
  send(body: unknown): unknown
}

/**
 * The same as a Fastify plugin.
 *
 * @example
 *   await fastify.register(healthPlugin(node, { minPeers: 2 }))
 */
export function healthPlugin(
  node: ProbedNode,
  options: HealthOptions = {},
): (fastify: FastifyRoutes) => Promise<void> {
  checkGiven(healthChecks, options, 'healthPlugin')
  return (fastify) => {
    for (const [path, probe] of Object.entries(probes)) {
      fastify.get(`${options.prefix ?? ''}${path}`, (_request, reply) => {
        const { statusCode, body } = probe(node, options)
        return reply.code(statusCode).header('cache-control', 'no-store').send(body)
      })
    }
    return Promise.resolve()
  }
}

function probeFor(
  { method, url = '' }: IncomingMessage,
  { prefix = '' }: HealthOptions,
): Probe | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined
  const [path = ''] = url.split('?')
  const wanted = path.startsWith(prefix) ? path.slice(prefix.length) : ''
  return Object.hasOwn(probes, wanted) ? probes[wanted] : undefined
}

function send(response: ServerResponse, { method }: IncomingMessage, answer: ProbeAnswer): void {
  const text = `${JSON.stringify(answer.body)}\n`
  response.writeHead(answer.statusCode, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(method === 'HEAD' ? undefined : text)
}
