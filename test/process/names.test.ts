/** Two processes that want one name: the first keeps it, the second is told. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { needs } from '../ground/processes.ts'
import { allKnowEachOther, eventually, withCrew } from './crew.ts'

describe('a second process with the name of a live one', needs(), () => {
  it('is refused in words, and disturbs nobody', async (t) => {
    await withCrew(async (crew) => {
      const [ada, bell] = await crew.form(['ada', 'bell'])
      assert.ok(ada && bell)
      const { incarnation } = await ada.ask('status', {})
      const imposter = crew.fork('ada')
      const told = imposter.sees('trouble', undefined, 20_000)
      await imposter.ask('start', { name: 'ada', cluster: true })
      const { failure } = (await told).event
      t.diagnostic(failure?.message ?? '')
      assert.equal(failure?.code, 'FND_NAME_IN_USE')
      assert.match(failure.message, /"ada"/)
      const { code } = await bell.ask('call', { target: 'ada', workMs: 0, timeoutMs: 5_000 })
      assert.equal(code, undefined)
      assert.deepEqual(bell.storyOf('ada'), ['member-up'])
      assert.deepEqual(ada.storyOf('bell'), ['member-up'])
      const { members } = await bell.ask('status', {})
      assert.equal(members.find(({ name }) => name === 'ada')?.incarnation, incarnation)
      assert.deepEqual(Object.values(await imposter.view()), [])
      const warnings = imposter.log.split('\n').filter((line) => line.startsWith('warn'))
      assert.equal(warnings.length, 1, imposter.log)
      assert.match(warnings[0] ?? '', /code=FND_NAME_IN_USE/)
    })
  })

  it('is refused when there is nobody else', async () => {
    await withCrew(async (crew) => {
      const [ada] = await crew.form(['ada'])
      assert.ok(ada)
      const imposter = crew.fork('ada')
      const told = imposter.sees('trouble', undefined, 20_000)
      await imposter.ask('start', { name: 'ada', cluster: true })
      const { failure } = (await told).event
      assert.equal(failure?.code, 'FND_NAME_IN_USE')
      assert.deepEqual(ada.events, [])
    })
  })

  it('takes the name over once the first is gone', async () => {
    await withCrew(async (crew) => {
      const [ada, bell] = await crew.form(['ada', 'bell'])
      assert.ok(ada && bell)
      const heir = crew.fork('ada')
      const told = heir.sees('trouble', undefined, 20_000)
      const { incarnation } = await heir.ask('start', { name: 'ada', cluster: true })
      await told
      await ada.kill()
      await eventually('the other one is the member now', 40_000, async () => {
        const { members } = await bell.ask('status', {})
        return members.some((member) => {
          return member.name === 'ada' && member.incarnation === incarnation
        })
      })
      await allKnowEachOther([heir, bell])
    })
  })
})
