/** The first word of a dial: a request over the broker, and the one answer to it. */
import { toError } from '../../kernel/index.ts'
import { dialError } from '../port/dial-errors.ts'
import type { LinkFailure } from '../port/refusal-reports.ts'
import type { Client, ClientMessage } from './client.ts'
import type { Frame } from './frames.ts'
import { words, type Hello } from './handshake.ts'
import type { Subjects } from './subjects.ts'
import type { Voice } from './voice.ts'

/** What asking needs. */
export interface AskDeps {
  readonly subjects: Subjects
  readonly voice: Voice
  /** Undefined while the broker is away. */
  readonly client: () => Client | undefined
  readonly refused: (failure: LinkFailure) => void
}

/** Whom to ask, where, and what to say. */
export interface Question {
  readonly name: string
  readonly address: string
  readonly hello: Hello
  readonly timeoutMs: number
}

/**
 * Sends a hello and waits for the answer.
 *
 * @throws {FoundationError} as `Transport.dial`, with `details.reason`
 */
export async function ask(deps: AskDeps, question: Question): Promise<Frame> {
  const { subjects, voice } = deps
  const { name, address } = question
  const client = deps.client()
  if (!client) {
    throw dialError(address, { reason: 'unreachable', why: 'the broker is not reachable now' })
  }
  const subject = subjects.hello(name)
  const reply = await request(client, subject, {
    ...question,
    bytes: voice.sealed(words.hello, question.hello, subject),
  })
  try {
    return voice.read(reply.data, subject)
  } catch (thrown) {
    const message = toError(thrown).message
    deps.refused({ address, reason: 'auth', message, isOurDial: true })
    throw dialError(address, 'auth')
  }
}

async function request(
  client: Client,
  subject: string,
  { bytes, address, timeoutMs }: Question & { readonly bytes: Buffer },
): Promise<ClientMessage> {
  try {
    return await client.request(subject, bytes, { timeout: timeoutMs })
  } catch (thrown) {
    const { name, message } = toError(thrown)
    const isGone = /no ?responders/i.test(`${name} ${message}`)
    const isLate = /timeout/i.test(name)
    if (isGone) throw dialError(address, 'refused')
    if (isLate) throw dialError(address, 'timeout')
    throw dialError(address, { reason: 'unreachable', why: `the broker says: ${message}` })
  }
}
