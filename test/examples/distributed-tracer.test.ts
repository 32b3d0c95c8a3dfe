/** examples/distributed-tracer: three processes traced, one killed in the middle. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { eventually } from '../process/crew.ts'
import { describeOnEachNode, startExample } from './example.ts'

interface Slice {
  readonly name: string
  readonly pid: string
  readonly tid: string
  readonly ts: number
  readonly dur: number
  readonly ph: string
}

describeOnEachNode('examples/distributed-tracer', (withProject) => {
  it('merges one timeline of all processes, also of one that dies meanwhile', async () => {
    await withProject(async (project) => {
      const names = ['ada', 'bell', 'carl']
      const workers = names.map((name) =>
        startExample(project, 'distributed-tracer/worker.mjs', { name }),
      )
      await Promise.all(workers.map((worker) => worker.prints(/works/)))
      const tracer = startExample(project, 'distributed-tracer/trace.mjs', {
        args: ['3000', project.folder],
      })
      await tracer.prints(/began/)

      const hears = (at: number, name: string): boolean =>
        workers[at]?.stdout.includes(` hears ${name}\n`) ?? false
      await eventually('all are heard', 30_000, () =>
        workers.some((_, at) => names.every((name) => hears(at, name))),
      )
      const home = workers.findIndex((_, at) => hears(at, 'ada'))
      const victim = (home + 1) % names.length
      workers[victim]?.kill()

      const { code, stdout, stderr } = await tracer.ended
      assert.equal(code, 0, stderr)
      const [, file = ''] = /: (\S+)\.json/.exec(stdout) ?? []
      const { traceEvents } = JSON.parse(await readFile(`${file}.json`, 'utf8')) as {
        traceEvents: Slice[]
      }
      for (const name of names) {
        const own = traceEvents.filter(({ pid }) => pid === name)
        assert.ok(
          own.some(({ tid }) => tid === 'spans'),
          `spans of ${name}`,
        )
        assert.ok(
          own.some(({ tid }) => tid === 'cpu'),
          `samples of ${name}`,
        )
      }
      const found = new Set(traceEvents.map(({ name }) => name))
      for (const name of ['order', 'price']) assert.ok(found.has(name), name)
      const prices = traceEvents.filter(({ name }) => name === 'price')
      // What V8 had inlined before the recording began shows under its caller.
      const computing = traceEvents.filter(({ name }) =>
        /^(computePrice|worker.mjs:\d+)$/.test(name),
      )
      assert.ok(
        computing.some((inner) => prices.some((outer) => overlap(inner, outer))),
        'samples and spans are on one clock',
      )
      assert.ok(traceEvents.every(({ ph, dur }) => ph === 'X' && dur >= 0))
      assert.ok(traceEvents.every(({ ts }, at) => ts >= (traceEvents[at - 1]?.ts ?? 0)))
      assert.match(await readFile(`${file}.html`, 'utf8'), /<svg .*order: [\d.]+ ms/)
    })
  })
})

function overlap(a: Slice, b: Slice): boolean {
  return a.pid === b.pid && a.ts < b.ts + b.dur && b.ts < a.ts + a.dur
}
