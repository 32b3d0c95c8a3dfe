/** Nodes started from settings alone, as users start them: package.json, --import, foundation run. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from './crew.ts'
import { withProject, type Project } from './project.ts'

/** Says who is there whenever that changes. */
const watcher = `
const say = () => console.log(node.name, 'sees', node.members().length - 1)
for (const type of ['member-up', 'member-down', 'member-left']) {
  node.on(type, ({ member }) => { console.log(type, member.name); say() })
}
say()
`
const startsItself = `import { startNode } from 'foundation-ts'\nconst node = await startNode()\n${watcher}`
const asksForIt = `import { getNode } from 'foundation-ts'\nconst node = await getNode()\n${watcher}`

async function prepare(project: Project, foundation: object = { cluster: true }): Promise<void> {
  await project.settings(foundation)
  await project.write('app.js', startsItself)
  await project.write('auto-app.js', asksForIt)
}

describe('settings alone', () => {
  it('make a cluster: one line in package.json and startNode()', async () => {
    await withProject(async (project) => {
      await prepare(project)
      const [one, two] = [project.start('app.js'), project.start('app.js')]
      await Promise.all([one.prints(/sees 1/), two.prints(/sees 1/)])
      assert.match(one.stdout, new RegExp(`^${project.name}-\\w{4}@`))
    })
  })

  it('make a cluster of a TypeScript configuration file', async () => {
    await withProject(async (project) => {
      await prepare(project, {})
      await project.write(
        'foundation.config.ts',
        `import type { StartOptions } from 'foundation-ts'\nexport default { cluster: { strategy: 'local' } } satisfies StartOptions\n`,
      )
      const [one, two] = [project.start('app.js'), project.start('app.js')]
      await Promise.all([one.prints(/sees 1/), two.prints(/sees 1/)])
    })
  })

  it('start a node before the script: --import, then getNode(); a signal leaves in order', async () => {
    await withProject(async (project) => {
      await prepare(project)
      const one = project.start('auto-app.js', { auto: true, env: { FOUNDATION_NAME: 'ada' } })
      const two = project.start('auto-app.js', { auto: true, env: { FOUNDATION_NAME: 'bell' } })
      await Promise.all([one.prints(/ada sees 1/), two.prints(/bell sees 1/)])
      one.signal('SIGTERM')
      assert.equal((await one.ended).signal, 'SIGTERM')
      await two.prints(/member-left ada/)
    })
  })

  it('that are wrong end it with one line', async () => {
    await withProject(async (project) => {
      await prepare(project, { clustr: true })
      const { code, stderr } = await project.start('auto-app.js', { auto: true }).ended
      assert.equal(code, 1)
      assert.match(stderr, /^foundation: FND_OPTION_INVALID .*did you mean "cluster"\?\n$/)
    })
  })

  it('are not asked for: getNode() says what to do', async () => {
    await withProject(async (project) => {
      await prepare(project)
      await project.write(
        'lost.js',
        `import { getNode } from 'foundation-ts'\nawait getNode().catch((error) => console.log(error.code, error.message))\n`,
      )
      const { stdout } = await project.start('lost.js').ended
      assert.match(stdout, /FND_NOT_RUNNING .*--import foundation-ts\/auto/)
    })
  })

  it('run a script with its arguments and its exit code', async () => {
    await withProject(async (project) => {
      await prepare(project)
      await project.write(
        'job.js',
        `import { getNode } from 'foundation-ts'
         const node = await getNode()
         console.log(node.name, ...process.argv.slice(2))
         await node.stop()
         process.exitCode = 7`,
      )
      const env = { FOUNDATION_NAME: 'ada' }
      const { code, stdout } = await project.foundation(['run', 'job.js', '--help', 'x'], { env })
      assert.deepEqual([code, stdout], [7, 'ada --help x\n'])
    })
  })
})

const first = 'the first secret of this cluster'
const second = 'a second secret of this cluster'

/** How many lines say it. */
const count = (text: string, pattern: RegExp): number =>
  text.split('\n').filter((line) => pattern.test(line)).length

describe('clusters beside each other', () => {
  it('with two secrets never mix, and each node says why once', async () => {
    await withProject(async (project) => {
      await prepare(project)
      const start = (name: string, secret: string): ReturnType<Project['start']> =>
        project.start('app.js', { env: { FOUNDATION_NAME: name, FOUNDATION_SECRET: secret } })
      const [a1, a2] = [start('a1', first), start('a2', first)]
      const [b1, b2] = [start('b1', second), start('b2', second)]
      await Promise.all([a1, a2, b1, b2].map((node) => node.prints(/sees 1/)))
      const words = /secret differs/
      for (const node of [a1, a2, b1, b2]) {
        await eventually('it says why', 20_000, () => words.test(node.stderr))
      }
      // A node more of each, so that everybody has been met by every way there is.
      const [a3, b3] = [start('a3', first), start('b3', second)]
      await Promise.all([a1, a2, a3, b1, b2, b3].map((node) => node.prints(/sees 2/)))
      for (const node of [a1, a2, b1, b2]) {
        assert.equal(count(node.stderr, words), 1, node.stderr)
        assert.doesNotMatch(node.stdout, /sees [3-9]/)
      }
    })
  })

  it('with two apps never mix; who wants to know is told once', async () => {
    await withProject(async (project) => {
      await prepare(project)
      const start = (name: string, app: string): ReturnType<Project['start']> =>
        project.start('app.js', {
          env: { FOUNDATION_NAME: name, FOUNDATION_APP: app, FOUNDATION_LOG: 'info' },
        })
      const apps = [`${project.name}-x`, `${project.name}-y`] as const
      const nodes = [
        start('x1', apps[0]),
        start('x2', apps[0]),
        start('y1', apps[1]),
        start('y2', apps[1]),
      ]
      await Promise.all(nodes.map((node) => node.prints(/sees 1/)))
      for (const node of nodes) {
        await eventually('it heard the other', 20_000, () => /heard another app/.test(node.stderr))
      }
      for (const node of nodes) {
        assert.equal(count(node.stderr, /heard another app/), 1, node.stderr)
        assert.equal(count(node.stderr, /^warn/), 0, node.stderr)
        assert.doesNotMatch(node.stdout, /sees [2-9]/)
      }
    })
  })
})
