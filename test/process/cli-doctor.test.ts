/** `foundation doctor` as people type it: what is wrong, found by real processes. */
import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { Lan, skipWithoutNamespaces } from './lan.ts'
import { withProject, type How, type Project } from './project.ts'
import { pair, prepare } from './talking-nodes.ts'

const first = 'the first secret of this cluster'
const second = 'a second secret of this cluster'

interface Findings {
  readonly ok: boolean
  readonly findings: readonly { check: string; level: string; text: string; advice?: string }[]
}

async function doctor(
  project: Project,
  { args = [], ...how }: How & { readonly args?: string[] } = {},
): Promise<{ code: number | null; of: (check: string) => string }> {
  const { code, stdout, stderr } = await project.foundation(['doctor', '--json', ...args], how)
  assert.equal(stderr, '')
  const { ok, findings } = JSON.parse(stdout) as Findings
  assert.equal(ok, code === 0)
  return {
    code,
    of: (name) =>
      findings
        .filter(({ check }) => check === name)
        .map(({ level, text, advice = '' }) => `${level} ${text} ${advice}`)
        .join('\n'),
  }
}

describe('foundation doctor', () => {
  it('finds nothing wrong in a cluster that works', async () => {
    await withProject(async (project) => {
      await pair(project)
      const { code, of } = await doctor(project)
      assert.equal(code, 0)
      assert.match(of('reach'), /^ok all answer and see each other: ada, bell/)
      assert.match(of('secret'), /^ok fingerprint /)
      assert.match(of('multicast'), /^ok lo carries multicast/)
      assert.match(of('clock'), /^ok /)
    })
  })

  it('says that the secret differs', async () => {
    await withProject(async (project) => {
      await pair(project, { FOUNDATION_SECRET: first })
      const { code, of } = await doctor(project, { env: { FOUNDATION_SECRET: second } })
      assert.equal(code, 1)
      assert.match(of('strangers'), /^fail .*its secret differs.*foundation secret show/)
    })
  })

  it('says that the app differs', async () => {
    await withProject(async (project) => {
      await pair(project)
      const { code, of } = await doctor(project, {
        args: ['--app', `${project.name}x`, '--timeout', '4000'],
      })
      assert.equal(code, 1)
      assert.match(of('reach'), /^fail no other node of .*another app.* give all the same "app"/)
    })
  })

  it('says that the port is taken, unless it is by a node of this app', async () => {
    await withProject(async (project) => {
      const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const { port } = server.address() as AddressInfo
      try {
        await prepare(project, { cluster: true, listen: { port } })
        const { code, of } = await doctor(project, { args: ['--timeout', '500'] })
        assert.equal(code, 1)
        assert.match(of('listen'), new RegExp(`^fail .*${String(port)}.*FOUNDATION_LISTEN`))
      } finally {
        await new Promise((resolve) => server.close(resolve))
      }
      const node = project.start('app.js', { env: { FOUNDATION_NAME: 'ada' } })
      await node.prints(/sees 0/)
      const { of } = await doctor(project)
      assert.match(of('listen'), /^ok port \d+ is that of ada, which runs here/)
    })
  })

  it('says that loopback is not reached from elsewhere', async () => {
    await withProject(async (project) => {
      await prepare(project, {
        cluster: { strategy: 'static', hosts: ['127.0.0.1:9'] },
        listen: { host: '127.0.0.1' },
      })
      const env = { FOUNDATION_INTERFACES: '' }
      const { code, of } = await doctor(project, { args: ['--timeout', '500'], env })
      assert.equal(code, 1)
      assert.match(of('listen'), /fail listens on 127\.0\.0\.1 only/)
    })
  })

  it('says that a name does not resolve', async () => {
    await withProject(async (project) => {
      await prepare(project, { cluster: { strategy: 'dns', query: 'no-such-name.invalid' } })
      const { of } = await doctor(project, { args: ['--timeout', '3000'] })
      assert.match(of('discovery'), /^(fail|warn) dns: .*/)
    })
  })

  it('says which permission Kubernetes lacks', async () => {
    await withProject(async (project) => {
      const forbids = createHttpServer((_, response) => {
        response.writeHead(403, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ kind: 'Status', code: 403, message: 'pods is forbidden' }))
      }).listen(0, '127.0.0.1')
      await new Promise((resolve) => forbids.once('listening', resolve))
      const { port } = forbids.address() as AddressInfo
      try {
        const apiServer = `http://127.0.0.1:${String(port)}`
        await prepare(project, {
          cluster: {
            strategy: 'kubernetes',
            appName: 'shop',
            namespace: 'eu',
            apiServer,
            serviceAccountFolder: project.folder,
          },
        })
        await project.write('token', 'a token')
        const { code, of } = await doctor(project, { args: ['--timeout', '3000'] })
        assert.equal(code, 1)
        assert.match(of('discovery'), /^fail kubernetes: .*403.*list/)
      } finally {
        await new Promise((resolve) => forbids.close(resolve))
      }
    })
  })

  it(
    'says that a firewall lets gossip through and connections not',
    { skip: skipWithoutNamespaces },
    async () => {
      const lan = new Lan(['ada', 'looker'])
      try {
        await withProject(async (project) => {
          await prepare(project)
          const env = {
            FOUNDATION_NAME: 'ada',
            FOUNDATION_INTERFACES: '',
            FOUNDATION_CLUSTER: 'gossip',
          }
          const ada = project.start('app.js', { env, namespace: lan.namespace('ada') })
          await ada.prints(/sees 0/)
          for (const name of ['ada', 'looker']) {
            lan.inside(name, 'nft add rule inet cuts input meta l4proto tcp drop')
          }
          const how = { env, namespace: lan.namespace('looker') }
          const { code, of } = await doctor(project, { args: ['--timeout', '6000'], ...how })
          assert.equal(code, 1)
          assert.match(of('multicast'), /ok lan0 carries multicast/)
          assert.match(
            of('reach'),
            /fail ada is found by gossip at .*no connection comes about.*firewall/,
          )
        })
      } finally {
        lan.close()
      }
    },
  )

  it('dials a node by hand and says why not', async () => {
    await withProject(async (project) => {
      await prepare(project)
      const args = ['--connect', '127.0.0.1:9', '--timeout', '500']
      const { code, of } = await doctor(project, { args })
      assert.equal(code, 1)
      assert.match(of('connect'), /^fail Cannot link to 127\.0\.0\.1:9: nobody listens there/)
    })
  })
})
