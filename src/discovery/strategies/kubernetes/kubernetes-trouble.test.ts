import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { toError } from '../../../kernel/index.ts'
import { until } from '../../../testing/waiting/until.ts'
import { skipWithoutOpenssl } from '../../../transport/mesh/certificate-fixtures.test.ts'
import { loneContext } from '../../discovery-kit.test.ts'
import { systemPorts } from '../../ports/system-ports.ts'
import { resolveTopology } from '../../topology.ts'
import { ApiServer, pod, refuse } from './api-server.test.ts'
import { isWatching, lastError, listed, nodeOf, statusOf } from './kubernetes-kit.test.ts'

describe('kubernetes, trouble', { skip: skipWithoutOpenssl }, () => {
  it('names the verb and the resource that the service account lacks', async (t) => {
    const api = await ApiServer.start(t)
    api.intercept = (_, response) => refuse(response, 403, 'Forbidden')
    const byLabel = nodeOf(t, api, { labelSelector: 'app=shop' })
    await until('it failed', () => lastError(byLabel) !== '')
    assert.match(
      lastError(byLabel),
      /list pods in namespace "shop" \(403\).*"pods" of the core API/,
    )
    const byService = nodeOf(t, api, { service: 'shop' })
    await until('it failed', () => lastError(byService) !== '')
    assert.match(
      lastError(byService),
      /get, list and watch on "endpointslices" of discovery\.k8s\.io/,
    )
    assert.equal(statusOf(byService).health.state, 'degraded')
  })

  it('goes on listing when only the watch is forbidden, and says so once', async (t) => {
    const api = await ApiServer.start(t)
    api.put(pod('a', '10.0.0.1'))
    api.intercept = ({ isWatch }, response) => isWatch && refuse(response, 403, 'Forbidden')
    const node = nodeOf(t, api, { labelSelector: 'app=shop' })
    await until('several lists', () => api.lists.length >= 4)
    assert.deepEqual(node.dials, ['10.0.0.1:4001'])
    assert.equal(api.watches.length, 1)
    const notices = node.eventsOf('notice')
    assert.equal(notices.length, 1)
    assert.match(notices[0]?.detail ?? '', /missing: watch/)
  })

  it('reads a token that was rotated, also in the middle of a request', async (t) => {
    const api = await ApiServer.start(t)
    api.put(pod('a', '10.0.0.1'))
    let isRotated = false
    api.intercept = (_, response) => {
      if (isRotated) return false
      isRotated = true
      api.token = 'token-2'
      void api.writeToken('token-2').then(() => refuse(response, 401, 'Unauthorized'))
      return true
    }
    const node = nodeOf(t, api, { labelSelector: 'app=shop' })
    await until('it watches', () => api.openWatches === 1)
    assert.deepEqual(
      api.asked.map(({ token }) => token),
      ['token-1', 'token-2', 'token-2'],
    )
    assert.equal(node.eventsOf('lookup-failed').length, 0)
    api.token = 'token-3'
    api.endWatches()
    await until('it is refused', () => lastError(node).includes('token of the service account'))
    await api.writeToken('token-3')
    await until('it watches again', () => api.openWatches === 1)
  })

  it('keeps the peers while the API is down, slow, torn or talks nonsense', async (t) => {
    const api = await ApiServer.start(t)
    api.put(pod('a', '10.0.0.1'))
    const node = nodeOf(t, api, { labelSelector: 'app=shop', lookupTimeoutMs: 200 })
    await until('it watches', () => isWatching(node))
    const troubles: [string, (response: Parameters<typeof refuse>[0]) => void][] = [
      ['503', (response) => refuse(response, 503, 'ServiceUnavailable')],
      ['longer than 200 ms', () => undefined],
      ['JSON', (response) => response.end('{"items": [')],
      ['no list', (response) => response.end('{"kind": "Status"}')],
      [
        'aborted',
        (response) => {
          response.write('{', () => {
            setImmediate(() => {
              api.cut()
            })
          })
        },
      ],
    ]
    for (const [words, answer] of troubles) {
      api.intercept = ({ isWatch }, response) => {
        if (isWatch) return refuse(response, 410, 'Expired')
        answer(response)
        return true
      }
      api.endWatches()
      node.discovery.refresh()
      await until(words, () => (node.discovery.refresh(), lastError(node).includes(words)))
      api.intercept = () => false
      node.discovery.refresh()
      await until('it recovers', () => (node.discovery.refresh(), isWatching(node)))
    }
    assert.deepEqual(node.disconnects, [])
    assert.deepEqual(listed(node), ['10.0.0.1:4001'])
  })

  it('sends no token to a server it cannot verify, or without a certificate authority', async (t) => {
    const [api, other] = [await ApiServer.start(t), await ApiServer.start(t)]
    await writeFile(join(api.folder, 'ca.crt'), 'not a certificate')
    const foreign = nodeOf(t, api, { labelSelector: 'app=shop' })
    await until('it failed', () => lastError(foreign) !== '')
    await rm(join(other.folder, 'ca.crt'))
    const none = nodeOf(t, other, { labelSelector: 'app=shop' })
    await until('it failed', () => lastError(none).includes('cannot be told from an impostor'))
    assert.equal(api.asked.length + other.asked.length, 0)
  })
})

describe('kubernetes, the pod it runs in', () => {
  const failureOf = async (
    config: Record<string, unknown>,
    environment: Record<string, string> = {},
    files: Record<string, string> = {},
  ): Promise<{ error: string; urls: string[] }> => {
    const urls: string[] = []
    const ports = {
      ...systemPorts,
      environment: (name: string): string | undefined => environment[name],
      readText: (path: string) =>
        path in files ? Promise.resolve(files[path] ?? '') : Promise.reject(new Error('ENOENT')),
      request: ({ url }: { url: string }) => {
        urls.push(url)
        return Promise.reject(new Error('not here'))
      },
    }
    const { strategy } = resolveTopology('t', { strategy: 'kubernetes', config })
    assert.equal(strategy.kind, 'poll')
    const looking = strategy.lookup(loneContext({ ports }).context, new AbortController().signal)
    const error = await looking.then(
      () => '',
      (thrown: unknown) => toError(thrown).message,
    )
    return { error, urls }
  }

  const account = { '/sa/token': 't', '/sa/ca.crt': 'c', '/sa/namespace': 'orders\n' }
  const config = { labelSelector: 'app=x', serviceAccountFolder: '/sa' }

  it('tells where the API is and the namespace; both have a default', async () => {
    const six = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }
    const told = await failureOf(config, six, account)
    assert.match(String(told.urls[0]), /^https:\/\/\[fd00::1\]:6443\/api\/v1\/namespaces\/orders\//)
    const silent = await failureOf(config, {}, { '/sa/token': 't', '/sa/ca.crt': 'c' })
    assert.match(
      String(silent.urls[0]),
      /^https:\/\/kubernetes\.default\.svc\/api\/v1\/namespaces\/default\//,
    )
    const given = await failureOf({ ...config, namespace: 'mine' }, {}, account)
    assert.match(String(given.urls[0]), /\/namespaces\/mine\//)
  })

  it('may have no service account: that is said in words', async () => {
    const { error, urls } = await failureOf(config)
    assert.match(error, /no service account token/)
    assert.deepEqual(urls, [])
  })

  it('must say which pods, and may use plain http on loopback only', () => {
    const refusal = (given: Record<string, unknown>): string => {
      try {
        resolveTopology('t', { strategy: 'kubernetes', config: given })
        return 'accepted'
      } catch (error) {
        return toError(error).message
      }
    }
    assert.match(refusal({}), /needs "labelSelector" or "service"/)
    assert.match(
      refusal({ labelSelector: 'app=x', apiServer: 'http://10.0.0.1:8001' }),
      /expected "https/,
    )
    assert.equal(
      refusal({ labelSelector: 'app=x', apiServer: 'http://127.0.0.1:8001' }),
      'accepted',
    )
  })
})
