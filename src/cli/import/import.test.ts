import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, it } from 'node:test'
import { isFoundationError } from '../../kernel/index.ts'
import type { Imported } from './convert.ts'
import { convert, runtimeExs } from './elixir-fixture.test.ts'
import { importCommand } from './import.ts'
import { snippetOf } from './snippet.ts'

/** The topologies alone, as plain JSON. */
const topologiesOf = (source: string): unknown =>
  JSON.parse(JSON.stringify(convert(source).topologies))

function refusal(source: string): { message: string; place: unknown } {
  try {
    convert(source)
  } catch (error) {
    assert.ok(isFoundationError(error), String(error))
    assert.equal(error.code, 'FND_IMPORT_INVALID')
    return { message: error.message, place: error.details }
  }
  return assert.fail('was not refused')
}

const gossip = (config: string): string =>
  `config :libcluster, topologies: [lan: [strategy: Cluster.Strategy.Gossip, config: [${config}]]]`

describe('foundation import', () => {
  it('reads a configuration inside an if, between other things, with comments', () => {
    assert.deepEqual(topologiesOf(runtimeExs), {
      lan: {
        strategy: 'gossip',
        config: { port: 45_892, address: '230.1.1.251', ttl: 1, broadcast: false },
      },
      seeds: { strategy: 'static', config: { hosts: ['a@10.0.0.1', 'b@host'] } },
    })
    const lost = convert(runtimeExs).notes.filter(({ kind }) => kind === 'lost')
    assert.deepEqual(lost, [])
  })

  it('reads an assignment, the three-argument form and parentheses', () => {
    const local = { a: { strategy: 'local', config: {} } }
    const list = '[a: [strategy: Cluster.Strategy.LocalEpmd]]'
    for (const source of [
      `topologies = ${list}\nchildren = [{Cluster.Supervisor, [topologies, [name: X]]}]`,
      `config :libcluster, :topologies, ${list}`,
      `config(:libcluster, topologies: ${list})`,
      `config :libcluster, [topologies: ${list}]`,
      `[libcluster: [topologies: ${list}]]`,
    ]) {
      assert.deepEqual(topologiesOf(source), local, source)
    }
  })

  it('lets the last of two topologies with one name count', () => {
    const source = `${gossip('port: 1')}\n${gossip('port: 2')}`
    assert.deepEqual(topologiesOf(source), { lan: { strategy: 'gossip', config: { port: 2 } } })
  })

  it('keeps reads of the environment as such', () => {
    const source = gossip(`
      secret: System.fetch_env!("SECRET"),
      multicast_addr: System.get_env("GROUP", "233.252.1.32"),
      multicast_ttl: String.to_integer(System.get_env("TTL") || "1"),
      port: System.get_env("PORT") |> String.to_integer()`)
    assert.deepEqual(topologiesOf(source), {
      lan: {
        strategy: 'gossip',
        config: {
          secret: { env: 'SECRET', isRequired: true, isNumber: false },
          address: { env: 'GROUP', fallback: '233.252.1.32', isRequired: false, isNumber: false },
          ttl: { env: 'TTL', fallback: '1', isRequired: false, isNumber: true },
          port: { env: 'PORT', isRequired: false, isNumber: true },
        },
      },
    })
    const code = snippetOf(convert(source))
    assert.match(code, /secret: env\('SECRET'\)/)
    assert.match(code, /address: process\.env\['GROUP'\] \?\? '233\.252\.1\.32'/)
    assert.match(code, /ttl: Number\(process\.env\['TTL'\] \?\? '1'\)/)
    assert.match(code, /port: Number\(process\.env\['PORT'\]\)/)
    assert.match(code, /const env = \(name: string\)/)
  })

  it('names what it could not carry over, with its line', () => {
    const source = `config :libcluster, topologies: [
      lan: [
        strategy: Cluster.Strategy.Gossip,
        config: [
          port: port() + 1,
          secret: "abc#{node()}",
          prot: 1,
          if_addr: System.get_env("IP")
        ],
        connect: {Mine, :connect, []},
        restart: :never
      ],
      far: [strategy: ClusterEC2.Strategy.Tags, config: [ec2_tagname: "x"]],
      odd: 5
    ]`
    const { notes, topologies } = convert(source)
    assert.deepEqual(Object.keys(topologies), ['lan'])
    assert.deepEqual(
      notes.map(({ line, what, why }) => [line, what, why.slice(0, 22)]),
      [
        [10, 'connect', 'Mine.connect is Elixir'],
        [11, 'restart', 'topologies have no suc'],
        [5, 'port', '`port() + 1` is code'],
        [6, 'secret', '`"abc#{node()}"` is co'],
        [7, 'prot', 'Cluster.Strategy.Gossi'],
        [8, 'if_addr', 'it depends on IP; beco'],
        [13, 'strategy ClusterEC2.Strategy.Tags', 'write a strategy class'],
        [14, 'the topology', 'expected a keyword lis'],
      ],
    )
    assert.match(snippetOf(convert(source)), /^\/\/ Not carried over \(line 5\): lan: port: /m)
  })

  it('says when Foundation would refuse the result', () => {
    const { notes } = convert(gossip('multicast_ttl: 255'))
    assert.match(notes[0]?.why ?? '', /topologies\.lan\.config\.ttl.*from 1 to 32/)
  })

  it('says that hosts without ports need one that all share', () => {
    const { notes } = convert(runtimeExs)
    assert.match(notes.find(({ kind }) => kind === 'advice')?.why ?? '', /listen: \{ port \}/)
  })

  it('refuses with line and column', () => {
    assert.deepEqual(refusal('x = 1\n  topologies = [a: "').place, { line: 2, column: 20 })
    assert.match(
      refusal('topologies = [a: [strategy: X, config: [}]]').message,
      /Line 1, column 41/,
    )
    assert.match(refusal('config :other, a: 1').message, /no topologies in this file/)
    assert.match(refusal(`topologies = ${'['.repeat(5_000)}`).message, /nested too deeply/)
    assert.match(refusal('x'.repeat(2 ** 21)).message, /larger than 1 MiB/)
  })

  it('writes text so that it is the same text in TypeScript', () => {
    const nasty = `it's "quoted" \\ and \n new`
    const elixir = nasty.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
    const source = gossip(`secret: "${elixir}"`)
    const found = /secret: ('.*'),/.exec(snippetOf(convert(source)))?.[1] ?? ''
    // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
    assert.equal(new Function(`return ${found}`)(), nasty)
  })

  it('is a command: a snippet, JSON, and one line for a file that is not there', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'foundation-import-'))
    try {
      await writeFile(path.join(folder, 'config.exs'), gossip('port: 1'))
      const lines: string[] = []
      const run = (args: string[]): Promise<number> =>
        importCommand.run({
          args,
          env: {},
          workingFolder: folder,
          print: (line) => lines.push(line),
          hasColour: false,
        })
      assert.equal(await run(['config.exs']), 0)
      assert.match(lines.splice(0).join('\n'), /lan: \{\n {6}strategy: 'gossip'/)
      await run(['config.exs', '--json'])
      const { topologies } = JSON.parse(lines.splice(0).join('')) as Imported
      assert.deepEqual(topologies['lan'], { strategy: 'gossip', config: { port: 1 } })
      await assert.rejects(run(['nope.exs']), {
        code: 'FND_OPTION_INVALID',
        message: /Cannot read/,
      })
      await assert.rejects(run([]), /expected: foundation import/)
      await assert.rejects(
        run(['config.exs', '--jsno']),
        /--jsno is not known; did you mean --json/,
      )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
