/** `foundation status` as people type it, against real processes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withProject } from './project.ts'
import { pair, prepare } from './talking-nodes.ts'

describe('foundation status', () => {
  it('shows every node, as a looker-on whom nobody counts, and leaves', async () => {
    await withProject(async (project) => {
      const [ada] = await pair(project)
      const { code, stdout, stderr } = await project.foundation(['status'])
      assert.deepEqual([code, stderr], [0, ''])
      assert.match(stdout, /2 nodes/)
      assert.match(stdout, /^ada +2\/2 /m)
      assert.match(stdout, /^bell +2\/2 .* local, gossip/m)
      await ada?.prints(/member-left observer-/)
      assert.doesNotMatch(ada?.stdout ?? '', /sees 2/)
    })
  })

  it('is JSON for programs, and one line a second with --watch', async () => {
    await withProject(async (project) => {
      await pair(project)
      const { stdout } = await project.foundation(['status', '--json'])
      const { nodes } = JSON.parse(stdout) as {
        nodes: { status: { name: string; mode: string } }[]
      }
      assert.deepEqual(
        nodes.map(({ status }) => [status.name, status.mode]),
        [
          ['ada', 'mortal'],
          ['bell', 'mortal'],
        ],
      )
      const watching = project.foundationStarted(['status', '--watch', '--json'])
      await watching.prints(/\{.*\}\n\{.*\}\n/)
      watching.signal('SIGINT')
      assert.equal((await watching.ended).code, 0)
    })
  })

  it('says so when nobody is there', async () => {
    await withProject(async (project) => {
      await prepare(project)
      const { code, stdout } = await project.foundation(['status', '--timeout', '500'])
      assert.equal(code, 1)
      assert.match(stdout, /nobody found: no node of "project-/)
    })
  })
})
