/** A plain HTTP server for tests: on loopback, its answers replaceable, ended with the test. No tests here. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** One request, as it was asked. */
export interface AskedHttp {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Gives the answer: a status, a document, or both; nothing to leave the request unanswered. */
export type Answerer = (asked: AskedHttp, response: ServerResponse) => void

/** A server that answers as told. */
export class HttpServer {
  readonly asked: AskedHttp[] = []
  readonly url: string
  answer: Answerer
  readonly #server: Server

  private constructor(server: Server, answer: Answerer) {
    this.#server = server
    this.answer = answer
    this.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#take(request, response)
    })
  }

  static async start(t: TestContext, answer: Answerer): Promise<HttpServer> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    return new HttpServer(server, answer)
  }

  /** Cuts every connection. */
  cut(): void {
    this.#server.closeAllConnections()
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', this.url)
    const { method = '', headers } = request
    const asked = { method, path, query, headers, body }
    this.asked.push(asked)
    this.answer(asked, response)
  }
}

/** Answers with a document. */
export function json(response: ServerResponse, document: unknown, status = 200): void {
  response.statusCode = status
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(document))
}
