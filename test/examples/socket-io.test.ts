/** examples/socket-io: two servers, a client of each, one server killed. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { eventually } from '../process/crew.ts'
import type { Project, Running } from '../process/project.ts'
import { describeOnEachNode, startExample } from './example.ts'

async function serve(project: Project): Promise<{ server: Running; port: string }> {
  const server = startExample(project, 'socket-io/server.mjs', { args: ['0'] })
  await server.prints(/listening on \d+/)
  const [, port = ''] = /listening on (\d+)/.exec(server.stdout) ?? []
  return { server, port }
}

describeOnEachNode('examples/socket-io', (withProject) => {
  it('puts the clients of two servers in one room, and goes on when a server is killed', async () => {
    await withProject(async (project) => {
      const [first, second] = await Promise.all([serve(project), serve(project)])
      const client = (port: string, name: string): Running =>
        startExample(project, 'socket-io/client.mjs', { args: [port, 'lobby', name] })
      const [ada, bell] = [client(first.port, 'ada'), client(second.port, 'bell')]
      await Promise.all([ada.prints(/ada is here/), bell.prints(/bell is here/)])

      const asksWho = async (expected: RegExp): Promise<void> => {
        await eventually('the list of who is there', 30_000, () => {
          ada.types('/who')
          return expected.test(ada.stdout)
        })
      }
      await asksWho(/^\* (ada, bell|bell, ada)$/m)
      ada.types('hello')
      await bell.prints(/^ada: hello$/m)
      bell.types('/file 00ff80')
      await ada.prints(/^\* a file of 3 bytes: 00ff80$/m)

      second.server.kill()
      await asksWho(/^\* ada$/m)
      ada.closesInput()
      assert.equal((await ada.ended).code, 0)
    })
  })
})
