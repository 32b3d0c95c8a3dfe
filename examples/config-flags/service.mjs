/** Feature flags of a fleet: changed on every node or on none, checked by each, without a restart. */
import { createServer } from 'node:http'
import process from 'node:process'
import { json } from 'node:stream/consumers'
import { isFoundationError, startNode } from 'foundation-ts'
import { healthHandler } from 'foundation-ts/integrations/http'

// The second word: what this build can do. Builds differ while a new one is rolled out.
const [port = '8080', checkouts = 'classic,express'] = process.argv.slice(2)

const node = await startNode({
  app: 'config-flags',
  cluster: true,
  signals: true,
  config: { defaults: { flags: { checkout: 'classic', discount: 0 } } },
})
node.config.validate('flags.checkout', (name) => {
  if (!checkouts.split(',').includes(name)) throw new Error(`this build has no checkout "${name}"`)
})
node.config.validate('flags.discount', (percent) => {
  if (!(percent >= 0 && percent <= 50)) throw new Error('expected 0 to 50 percent')
})
node.config.subscribe('flags.*', ({ path, value, origin }) => {
  console.log(`${path} is ${value}, by ${origin}`)
})

async function answer(request, response) {
  if (request.method === 'PUT') {
    const flags = Object.entries(await json(request))
    await node.config.commit(
      Object.fromEntries(flags.map(([key, value]) => [`flags.${key}`, value])),
    )
  }
  send(response, 200, node.config.all('flags'))
}

function refuse(response, error) {
  const { code = 'BAD_REQUEST', message, details } = error
  send(response, isFoundationError(error) ? 409 : 400, { code, message, node: details?.node })
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const health = healthHandler(node) // /livez, /readyz and /health
createServer((request, response) => {
  health(request, response, () =>
    answer(request, response).catch((error) => refuse(response, error)),
  )
}).listen(Number(port), function () {
  console.log(`${node.name} listens on ${this.address().port}`)
})
