/** JSON over HTTP, for strategies that ask a service: any status but 200 is a failure in words. */
import { FoundationError, type Check } from '../../kernel/index.ts'
import type { DiscoveryPorts, HttpHeaders, HttpRequest } from './ports.ts'

/** A request whose answer is JSON. */
export type JsonRequest = Pick<HttpRequest, 'url' | 'signal'> &
  Partial<Pick<HttpRequest, 'method' | 'headers' | 'body' | 'ca' | 'responseMaxBytes'>>

/** A parsed answer. */
export interface JsonAnswer {
  readonly headers: HttpHeaders
  readonly document: unknown
}

/** More than any list of peers needs. */
const answerMaxBytes = 16 * 1_024 * 1_024

/** The check of an option that holds a URL. */
export const urlCheck: Check = (value) =>
  typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value)
    ? undefined
    : 'expected a URL that begins with http:// or https://'

/**
 * One request.
 *
 * @throws (rejects) {FoundationError} `FND_DISCOVERY_FAILED` for another status than 200 (it is in
 *   `details.status`) and for an answer that is no JSON; the system's error when nothing answered.
 */
export async function requestJson(
  { request }: Pick<DiscoveryPorts, 'request'>,
  asked: JsonRequest,
): Promise<JsonAnswer> {
  const headers = { accept: 'application/json', ...asked.headers }
  const answer = await request({ responseMaxBytes: answerMaxBytes, ...asked, headers })
  if (answer.status !== 200) throw refusal(asked.url, answer.status, answer.headers.location)
  try {
    return { headers: answer.headers, document: JSON.parse(answer.body) as unknown }
  } catch {
    throw failure(`${shownUrl(asked.url)} did not answer in JSON`, 200)
  }
}

function refusal(url: string, status: number, location: string | undefined): FoundationError {
  const where =
    location === undefined ? '' : `; it redirects to ${shownUrl(location)}, which is not followed`
  return failure(`${shownUrl(url)} answered ${String(status)}${where}`, status)
}

function failure(message: string, status: number): FoundationError {
  return new FoundationError('FND_DISCOVERY_FAILED', message, { details: { status } })
}

/** Without what may be secret: user, password and query. */
function shownUrl(url: string): string {
  if (!URL.canParse(url)) return url.split('?')[0] ?? ''
  const { origin, pathname } = new URL(url)
  return origin + pathname
}
