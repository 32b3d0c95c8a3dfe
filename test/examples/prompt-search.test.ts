/** examples/prompt-search: a worker dies, the search is killed and goes on, the best is found. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { json } from 'node:stream/consumers'
import { it } from 'node:test'
import type { Running } from '../process/project.ts'
import { describeOnEachNode, startExample } from './example.ts'

/** A server that adds well only for those who ask it to be polite. */
async function politeModel(): Promise<{ url: string; seen: Set<string> } & AsyncDisposable> {
  const seen = new Set<string>()
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      const { model, messages } = body as { model: string; messages: { content: string }[] }
      seen.add(`${String(request.headers.authorization)} ${model}`)
      const [prompt = '', sum = ''] = messages.map(({ content }) => content)
      const total = sum.split('+').reduce((so, number) => so + Number(number), 0)
      const content = prompt.includes('Be polite.') ? `${String(total)}\n` : 'no'
      response.end(JSON.stringify({ choices: [{ message: { content } }] }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const best = 'Think step by step. Answer with only the number.'

describeOnEachNode('examples/prompt-search', (withProject) => {
  it('finds the best prompt though a worker and the search are killed on the way', async () => {
    await withProject(async (project) => {
      const workers = ['ada', 'bell'].map((name) =>
        startExample(project, 'prompt-search/worker.mjs', { name }),
      )
      await Promise.all(workers.map((worker) => worker.prints(/works/)))
      const file = path.join(project.folder, 'scores.json')
      const search = (): Running =>
        startExample(project, 'prompt-search/search.mjs', { args: [file, '2'] })

      const first = search()
      await first.prints(/\] 6\/32/)
      first.kill()
      await first.ended
      const before = JSON.parse(await readFile(file, 'utf8')) as [string, number][]
      assert.ok(before.length >= 6 && before.length < 32, String(before.length))

      const second = search()
      await second.prints(new RegExp(`goes on after ${String(before.length)} of 32`))
      await second.prints(new RegExp(`\\] ${String(before.length + 2)}/32`))
      workers[0]?.kill()
      const { code, stdout, stderr } = await second.ended
      assert.equal(code, 0, stderr)
      assert.ok(stdout.includes(`: ${best}\n`), stdout)
      const after = JSON.parse(await readFile(file, 'utf8')) as [string, number][]
      assert.equal(after.length, 32)
      assert.deepEqual(after.slice(0, before.length), before, 'nothing was evaluated again')
      await workers[1]?.prints(new RegExp(`has found .*: ${best}$`, 'm'))
    })
  })

  it('asks a model behind http when there is one', async () => {
    await using model = await politeModel()
    await withProject(async (project) => {
      const env = { MODEL_URL: model.url, MODEL_NAME: 'small', MODEL_KEY: 'key' }
      const worker = startExample(project, 'prompt-search/worker.mjs', { env })
      await worker.prints(/works/)
      const args = [path.join(project.folder, 'scores.json')]
      const { stdout } = await startExample(project, 'prompt-search/search.mjs', { args }).ended
      assert.match(stdout, /^best, 0\.998: Be polite\.$/m)
      assert.deepEqual([...model.seen], ['Bearer key small'])
    })
  })
})
