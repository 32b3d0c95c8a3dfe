/** examples/config-flags: a fleet that agrees, refuses, and tells a newcomer. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { eventually } from '../process/crew.ts'
import type { Project, Running } from '../process/project.ts'
import { describeOnEachNode, startExample } from './example.ts'

interface Service {
  readonly process: Running
  readonly url: string
}

async function serve(project: Project, name: string, checkouts?: string): Promise<Service> {
  const args = ['0', ...(checkouts === undefined ? [] : [checkouts])]
  const service = startExample(project, 'config-flags/service.mjs', { args, name })
  await service.prints(/listens on \d+/)
  const [, port = ''] = /listens on (\d+)/.exec(service.stdout) ?? []
  return { process: service, url: `http://127.0.0.1:${port}` }
}

async function ask(url: string, flags?: object): Promise<[number, Record<string, unknown>]> {
  const how = flags === undefined ? {} : { method: 'PUT', body: JSON.stringify(flags) }
  const response = await fetch(url, how)
  return [response.status, (await response.json()) as Record<string, unknown>]
}

async function peersOf({ url }: Service): Promise<unknown> {
  const [, { peers }] = await ask(`${url}/readyz`)
  return peers
}

const shows = (service: Service, flags: object): Promise<void> =>
  eventually(`${service.url} shows ${JSON.stringify(flags)}`, 30_000, async () => {
    const [, shown] = await ask(service.url)
    return JSON.stringify(shown) === JSON.stringify(flags)
  })

describeOnEachNode('examples/config-flags', (withProject) => {
  it('changes flags on all nodes or on none', async () => {
    await withProject(async (project) => {
      const [ada, bell] = await Promise.all([
        serve(project, 'ada'),
        serve(project, 'bell', 'classic'),
      ])
      for (const service of [ada, bell]) {
        await eventually('they are two', 30_000, async () => (await peersOf(service)) === 1)
      }

      assert.deepEqual(await ask(ada.url), [200, { checkout: 'classic', discount: 0 }])
      const [accepted] = await ask(ada.url, { discount: 10 })
      assert.equal(accepted, 200)
      await shows(bell, { checkout: 'classic', discount: 10 })
      await bell.process.prints(/^flags\.discount is 10, by ada$/m)

      const [status, refusal] = await ask(ada.url, { checkout: 'express', discount: 20 })
      assert.deepEqual(
        [status, refusal['code'], refusal['node']],
        [409, 'FND_CONFIG_REFUSED', 'bell'],
      )
      assert.match(String(refusal['message']), /no checkout "express"/)
      assert.equal((await ask(ada.url, { discount: 90 }))[0], 409)
      for (const service of [ada, bell]) {
        assert.deepEqual((await ask(service.url))[1], { checkout: 'classic', discount: 10 })
      }

      const carl = await serve(project, 'carl')
      await shows(carl, { checkout: 'classic', discount: 10 })
      bell.process.kill()
      await eventually('bell is lost', 30_000, async () => (await peersOf(ada)) === 1)
      assert.equal((await ask(ada.url, { checkout: 'express' }))[0], 200)
      await shows(carl, { checkout: 'express', discount: 10 })
    })
  })
})
