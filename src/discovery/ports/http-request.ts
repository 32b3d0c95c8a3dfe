/**
 * Bounded HTTP requests over connections that are kept for the next poll. Certificates are always
 * verified and redirects never followed: a token must not travel to another host.
 */
import { Agent as PlainAgent, request as requestPlain, type IncomingMessage } from 'node:http'
import { Agent as TlsAgent, request as requestTls } from 'node:https'
import { FoundationError, toError } from '../../kernel/index.ts'
import type { HttpHeaders, HttpRequest, HttpResponse, HttpStream } from '../port/ports.ts'

/** Longer than a poll interval, so that a poll seldom pays for a handshake. */
const idleMs = 30_000
const agentOptions = { keepAlive: true, timeout: idleMs }
const plainAgent = new PlainAgent(agentOptions)
const tlsAgent = new TlsAgent(agentOptions)

type Opening = Omit<HttpRequest, 'responseMaxBytes'>

/** One request, its whole answer. @throws (rejects) on network errors and answers over the bound. */
export async function requestHttp(request: HttpRequest): Promise<HttpResponse> {
  const response = await open(request)
  const body = await boundedText(response, request.responseMaxBytes)
  return { ...headOf(response), body }
}

/** One request, its answer as it comes. @throws (rejects) on network errors before the answer. */
export async function openHttpStream(request: Opening): Promise<HttpStream> {
  const response = await open(request)
  return { ...headOf(response), chunks: response }
}

/** A server may close a kept connection just when it is used again: that is tried once more. */
async function open(request: Opening): Promise<IncomingMessage> {
  const first = await attempt(request)
  if ('response' in first) return first.response
  const isStale = first.onReusedSocket && request.method !== 'POST' && !request.signal.aborted
  const last = isStale ? await attempt(request) : first
  if ('response' in last) return last.response
  throw last.error
}

type Attempt = { response: IncomingMessage } | { error: Error; onReusedSocket: boolean }

function attempt({
  url,
  method = 'GET',
  headers = {},
  body,
  ca,
  signal,
}: Opening): Promise<Attempt> {
  signal.throwIfAborted()
  return new Promise((resolve) => {
    const shared = { method, headers }
    const sent = url.startsWith('https:')
      ? requestTls(url, { ...shared, agent: tlsAgent, ...(ca !== undefined && { ca }) })
      : requestPlain(url, { ...shared, agent: plainAgent })
    // The option `signal` of a request does the same with ten times the listeners.
    const cut = (): void => {
      sent.destroy(toError(signal.reason))
    }
    signal.addEventListener('abort', cut)
    sent.once('close', () => {
      signal.removeEventListener('abort', cut)
    })
    sent.once('response', (response) => {
      resolve({ response })
    })
    sent.on('error', (error) => {
      resolve({ error, onReusedSocket: sent.reusedSocket })
    })
    sent.end(body)
  })
}

function headOf({ statusCode, headers }: IncomingMessage): {
  status: number
  headers: HttpHeaders
} {
  const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)])
  return { status: statusCode ?? 0, headers: Object.fromEntries(pairs) as HttpHeaders }
}

/** By events: an iterator costs more than the rest of a small answer. */
function boundedText(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: Uint8Array) => {
      size += chunk.byteLength
      if (size > maxBytes) response.destroy(overLimit(maxBytes))
      else chunks.push(chunk)
    })
    response.once('end', () => {
      resolve(Buffer.concat(chunks).toString('utf8'))
    })
    response.once('error', reject)
  })
}

function overLimit(maxBytes: number): FoundationError {
  const limit = String(maxBytes)
  return new FoundationError('FND_LIMIT_REACHED', `The answer has more than ${limit} bytes`)
}
