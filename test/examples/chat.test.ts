/** examples/chat, typed into. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { describeOnEachNode, startExample } from './example.ts'

describeOnEachNode('examples/chat', (withProject) => {
  it('carries lines between terminals, and tells who came, left and was lost', async () => {
    await withProject(async (project) => {
      const [ada, bell, carl] = ['ada', 'bell', 'carl'].map((nick) =>
        startExample(project, 'chat/chat.mjs', { args: [nick] }),
      )
      assert.ok(ada && bell && carl)
      await ada.prints(/bell is here[^]*carl is here|carl is here[^]*bell is here/)
      await bell.prints(/carl is here/)
      await carl.prints(/bell is here/)

      ada.types('hello, everybody')
      await Promise.all([bell, carl].map((other) => other.prints(/^ada: hello, everybody$/m)))
      bell.types('/who')
      await bell.prints(/^\* (?=.*ada)(?=.*bell).*carl/m)

      carl.kill()
      await Promise.all([ada, bell].map((other) => other.prints(/^\* carl is lost$/m)))
      bell.closesInput()
      assert.equal((await bell.ended).code, 0)
      await ada.prints(/^\* bell has left$/m)
      ada.signal('SIGINT')
      await ada.ended
      assert.doesNotMatch(ada.stdout, /^ada:/m, 'what was typed is not shown twice')
    })
  })
})
