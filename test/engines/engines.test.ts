import { after, before, describe, it } from 'node:test'
import { engines, withTrio, type Ground } from './engines.ts'
import {
  configStories,
  eventStories,
  pubsubStories,
  registryStories,
  rpcStories,
  supervisorStories,
} from './stories.ts'

const parts = {
  pubsub: pubsubStories,
  rpc: rpcStories,
  registry: registryStories,
  supervisor: supervisorStories,
  events: eventStories,
  config: configStories,
}

for (const engine of engines) {
  describe(`the same program on ${engine.name}`, { skip: engine.missing ?? false }, () => {
    let ground: Ground
    before(async () => {
      ground = await engine.open()
    })
    after(() => ground.stop())

    for (const [part, stories] of Object.entries(parts)) {
      describe(part, () => {
        for (const [title, { options = {}, tell }] of Object.entries(stories)) {
          it(title, () => withTrio(ground, { options }, tell))
        }
      })
    }
  })
}
