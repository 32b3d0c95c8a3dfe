/**
 * A process that answers what discovery strategies ask: a JSON list (`/nodes`), Consul's health
 * endpoint with blocking queries, the Kubernetes pod list and watch. It tells its port to its parent.
 */
import { createServer } from 'node:http'
import process from 'node:process'

const hosts = Array.from({ length: 10 }, (_, index) => `10.0.0.${index + 1}`)
const list = hosts.map((host) => `${host}:7000`)
const health = hosts.map((Address) => ({ Node: { Address }, Service: { Address, Port: 7000 } }))
const items = hosts.map((podIP, index) => ({
  metadata: { name: `pod-${index}`, uid: `uid-${index}`, resourceVersion: '7' },
  status: { phase: 'Running', podIP },
}))

const answers = {
  '/nodes': (_, response) => response.end(JSON.stringify(list)),
  '/v1/health/service/shop': (query, response) => {
    response.setHeader('x-consul-index', '7')
    if (!query.has('index')) response.end(JSON.stringify(health))
    else setTimeout(() => response.end(JSON.stringify(health)), Number.parseInt(query.get('wait')))
  },
  '/api/v1/namespaces/default/pods': (query, response) => {
    if (query.has('watch')) response.flushHeaders()
    else response.end(JSON.stringify({ metadata: { resourceVersion: '7' }, items }))
  },
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://stand-in')
  const answer = answers[pathname]
  if (answer) answer(searchParams, response)
  else response.writeHead(404).end()
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('disconnect', () => process.exit())
