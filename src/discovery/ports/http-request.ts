/** One bounded HTTP request. Certificates are always verified. */
import { FoundationError } from '../../kernel/index.ts'
import type { HttpRequest, HttpResponse } from '../port/ports.ts'

/** @throws (rejects) on network errors and on answers over the bound; any status is an answer. */
export async function requestHttp(request: HttpRequest): Promise<HttpResponse> {
  const { url, method = 'GET', headers = {}, body, signal } = request
  const init = { method, headers, signal, ...(body !== undefined && { body }) }
  const response = await fetch(url, init)
  return { status: response.status, body: await boundedText(response, request.responseMaxBytes) }
}

async function boundedText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (response.body === null) return ''
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > maxBytes) {
      const limit = String(maxBytes)
      throw new FoundationError('FND_LIMIT_REACHED', `The answer has more than ${limit} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
