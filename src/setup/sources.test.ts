import assert from 'node:assert/strict'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { readSources, type SourcedOptions } from './sources.ts'

describe('readSources()', () => {
  let folder = ''
  let packageFile = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'foundation-setup-'))
    packageFile = path.join(folder, 'package.json')
    await mkdir(path.join(folder, 'src', 'deep'), { recursive: true })
    const settings = { name: 'shop', foundation: { cluster: true, roles: ['file'] } }
    await writeFile(packageFile, JSON.stringify(settings))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const read = (given: unknown, env: Record<string, string> = {}): Promise<SourcedOptions> =>
    readSources(given, { env, workingFolder: path.join(folder, 'src', 'deep') })

  it('takes app and settings from the nearest package.json', async () => {
    const { options, origins } = await read({})
    assert.equal(options.app, 'shop')
    assert.equal(options.cluster, true)
    assert.equal(origins['cluster'], packageFile)
  })

  it('reads no file when there is no folder to look in', async () => {
    const { options } = await readSources({}, { env: {}, workingFolder: undefined })
    assert.equal(options.app, undefined)
  })

  it('takes an object as the argument, and nothing else', async () => {
    for (const given of [[], 5, 'x', null]) {
      await assert.rejects(read(given), { code: 'FND_OPTION_INVALID' })
    }
  })

  it('lets the environment win over the file and the argument over both', async () => {
    const env = { FOUNDATION_APP: 'env', FOUNDATION_ROLES: 'a, b', FOUNDATION_LISTEN: '[::1]:7000' }
    const { options, origins } = await read({ app: 'argument' }, env)
    assert.equal(options.app, 'argument')
    assert.deepEqual(options.roles, ['a', 'b'])
    assert.deepEqual(options.listen, { host: '::1', port: 7000 })
    assert.deepEqual([origins['app'], origins['roles']], ['argument', 'FOUNDATION_ROLES'])
  })

  it('reads endpoints as host, port or both, and switches in the usual words', async () => {
    const listen = async (text: string): Promise<unknown> =>
      (await read({}, { FOUNDATION_LISTEN: text })).options.listen
    assert.deepEqual(await listen('10.0.0.1:80'), { host: '10.0.0.1', port: 80 })
    assert.deepEqual(await listen(':80'), { port: 80 })
    assert.deepEqual(await listen('host'), { host: 'host' })
    await assert.rejects(listen('a:b:c'), /FOUNDATION_LISTEN.*host:port/)
    await assert.rejects(read({}, { FOUNDATION_SIGNALS: 'maybe' }), /expected true or false/)
  })

  it('reads FOUNDATION_CLUSTER as a switch, a strategy, or Apprentice options as JSON', async () => {
    const cluster = async (text: string): Promise<unknown> =>
      (await read({}, { FOUNDATION_CLUSTER: text })).options.cluster
    assert.equal(await cluster('off'), false)
    assert.equal(await cluster('1'), true)
    assert.deepEqual(await cluster('gossip'), { strategy: 'gossip' })
    const simple = { strategy: 'static', hosts: ['a:1'] }
    assert.deepEqual(await cluster(JSON.stringify(simple)), simple)
    await assert.rejects(cluster('{ nope'), /"FOUNDATION_CLUSTER": expected JSON/)
  })

  it('takes "cluster" and "topologies" as one choice, made by the strongest source', async () => {
    const topologies = { lan: { strategy: 'gossip' } }
    const off = await read(
      { cluster: false },
      { FOUNDATION_TOPOLOGIES: JSON.stringify(topologies) },
    )
    assert.deepEqual([off.options.cluster, off.options.topologies], [false, undefined])
    assert.match(off.notes[0] ?? '', /"topologies" of FOUNDATION_TOPOLOGIES is ignored/)
    const { options, origins, notes } = await read({ topologies })
    assert.deepEqual([options.cluster, options.topologies], [undefined, topologies])
    assert.deepEqual([origins['cluster'], notes], [undefined, []])
  })

  it('notes a variable it does not know and goes on', async () => {
    const { notes } = await read({}, { FOUNDATION_CLUSTR: '1', FOUNDATION_SECRET: 'not read here' })
    assert.deepEqual(notes, [
      'environment variable FOUNDATION_CLUSTR is not known and ignored; did you mean FOUNDATION_CLUSTER?',
    ])
  })

  it('names the file whose settings are not an object', async () => {
    const bad = path.join(folder, 'bad')
    await mkdir(bad)
    const surroundings = { env: {}, workingFolder: bad }
    await writeFile(path.join(bad, 'package.json'), '{ "foundation": 1 }')
    await assert.rejects(readSources({}, surroundings), {
      code: 'FND_OPTION_INVALID',
      message: /bad/,
    })
    await writeFile(path.join(bad, 'package.json'), '{ nope')
    await assert.rejects(readSources({}, surroundings), /is not valid JSON/)
  })

  describe('with a configuration file', () => {
    const written: string[] = []
    afterEach(async () => {
      await Promise.all(written.splice(0).map((file) => rm(file)))
    })
    /** Each file has a folder of its own name: a module is loaded once for each path. */
    const write = async (name: string, text: string): Promise<string> => {
      const file = path.join(folder, name)
      await writeFile(file, text)
      written.push(file)
      return file
    }
    const refused = (message: RegExp): Promise<void> =>
      assert.rejects(read({}), { code: 'FND_OPTION_INVALID', message })

    it('lets it win over package.json and lose against the environment', async () => {
      const file = await write(
        'foundation.config.json',
        '{ "roles": ["config"], "name": "config", "cluster": { "strategy": "gossip" } }',
      )
      const { options, origins } = await read({}, { FOUNDATION_NAME: 'env' })
      assert.deepEqual(options.roles, ['config'])
      assert.deepEqual(options.cluster, { strategy: 'gossip' })
      assert.equal(options.name, 'env')
      assert.deepEqual([origins['roles'], origins['name']], [file, 'FOUNDATION_NAME'])
    })

    it('runs JavaScript and TypeScript', async () => {
      const file = await write(
        'foundation.config.ts',
        `const roles: string[] = ['typed'.toUpperCase()]\nexport default { roles }\n`,
      )
      const { options, origins } = await read({})
      assert.deepEqual(options.roles, ['TYPED'])
      assert.equal(origins['roles'], file)
      await rm(written.splice(0)[0] ?? '')
      await write('foundation.config.mjs', `export default { roles: [String(1 + 1)] }\n`)
      assert.deepEqual((await read({})).options.roles, ['2'])
    })

    it('refuses unknown keys in it, as anywhere', async () => {
      await write('foundation.config.json', '{ "clustr": true }')
      await refused(/"clustr" is not known; did you mean "cluster"/)
    })

    it('names the file that is broken, throws, or gives no object', async () => {
      await write('foundation.config.json', '{ nope')
      await refused(/foundation\.config\.json cannot be read/)
      await rm(written.splice(0)[0] ?? '')
      await write('foundation.config.js', `throw new Error('no database')\n`)
      await refused(/foundation\.config\.js cannot be loaded: no database/)
    })

    it('refuses two of them beside each other', async () => {
      await write('foundation.config.json', '{}')
      await write('foundation.config.mjs', 'export default {}')
      await refused(/are both there; keep one/)
    })

    it('looks no higher than the package', async () => {
      const inner = path.join(folder, 'inner')
      await mkdir(inner, { recursive: true })
      await writeFile(path.join(inner, 'package.json'), '{ "name": "inner" }')
      await write('foundation.config.json', '{ "roles": ["outer"] }')
      const { options } = await readSources({}, { env: {}, workingFolder: inner })
      assert.deepEqual([options.app, options.roles], ['inner', undefined])
    })
  })
})
