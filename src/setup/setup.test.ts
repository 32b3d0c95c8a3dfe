import assert from 'node:assert/strict'
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { consoleLog, systemHost } from '../kernel/index.ts'
import { translateModes } from './modes.ts'
import { defaultNodeName, newIncarnation } from './node-name.ts'
import { readSources } from './sources.ts'
import { checkStartOptions, startOptionNames } from './start-options.ts'

describe('readSources()', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'foundation-setup-'))
    await mkdir(path.join(folder, 'src', 'deep'), { recursive: true })
    const settings = { name: 'shop', foundation: { cluster: true, roles: ['file'] } }
    await writeFile(path.join(folder, 'package.json'), JSON.stringify(settings))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const read = (given: unknown, env: Record<string, string> = {}): ReturnType<typeof readSources> =>
    readSources(given, { env, workingFolder: path.join(folder, 'src', 'deep') })

  it('takes app and settings from the nearest package.json', () => {
    const { options, origins } = read({})
    assert.equal(options.app, 'shop')
    assert.equal(options.cluster, true)
    assert.equal(origins['cluster'], path.join(folder, 'package.json'))
  })

  it('lets the environment win over the file and the argument over both', () => {
    const env = { FOUNDATION_APP: 'env', FOUNDATION_ROLES: 'a, b', FOUNDATION_LISTEN: '[::1]:7000' }
    const { options, origins } = read({ app: 'argument' }, env)
    assert.equal(options.app, 'argument')
    assert.deepEqual(options.roles, ['a', 'b'])
    assert.deepEqual(options.listen, { host: '::1', port: 7000 })
    assert.deepEqual([origins['app'], origins['roles']], ['argument', 'FOUNDATION_ROLES'])
  })

  it('reads endpoints as host, port or both, and switches in the usual words', () => {
    const listen = (text: string): unknown => read({}, { FOUNDATION_LISTEN: text }).options.listen
    assert.deepEqual(listen('10.0.0.1:80'), { host: '10.0.0.1', port: 80 })
    assert.deepEqual(listen(':80'), { port: 80 })
    assert.deepEqual(listen('host'), { host: 'host' })
    assert.throws(() => listen('a:b:c'), /FOUNDATION_LISTEN.*host:port/)
    assert.equal(read({}, { FOUNDATION_CLUSTER: 'off' }).options.cluster, false)
    assert.throws(() => read({}, { FOUNDATION_SIGNALS: 'maybe' }), /expected true or false/)
  })

  it('notes a variable it does not know and goes on', () => {
    const { notes } = read({}, { FOUNDATION_CLUSTR: '1', FOUNDATION_SECRET: 'not read here' })
    assert.deepEqual(notes, [
      'environment variable FOUNDATION_CLUSTR is not known and ignored; did you mean FOUNDATION_CLUSTER?',
    ])
  })

  it('names the file whose settings are not an object', async () => {
    const bad = path.join(folder, 'bad')
    await mkdir(bad)
    await writeFile(path.join(bad, 'package.json'), '{ "foundation": 1 }')
    const surroundings = { env: {}, workingFolder: bad }
    assert.throws(() => readSources({}, surroundings), {
      code: 'FND_OPTION_INVALID',
      message: /bad/,
    })
    await writeFile(path.join(bad, 'package.json'), '{ nope')
    assert.throws(() => readSources({}, surroundings), /is not valid JSON/)
  })
})

describe('checkStartOptions()', () => {
  it('accepts every documented key and refuses others with the nearest', () => {
    assert.deepEqual(
      Object.keys(checkStartOptions({})).toSorted(),
      [...startOptionNames].toSorted(),
    )
    assert.throws(() => checkStartOptions({ clustr: true }), /did you mean "cluster"/)
    assert.throws(
      () => checkStartOptions({ listen: { prt: 1 } }),
      /"listen\.prt".*did you mean "port"/,
    )
  })

  it('says what is wrong with a value', () => {
    const refuses = (given: object, message: RegExp): void => {
      assert.throws(() => checkStartOptions(given), { code: 'FND_OPTION_INVALID', message })
    }
    refuses({ listen: { port: 70_000 } }, /"listen\.port": expected a whole number from 0 to 65535/)
    refuses({ name: 'two words' }, /without spaces/)
    refuses({ app: '' }, /"app"/)
    refuses({ secret: 5 }, /"secret": expected a string or a list of strings, got 5/)
    refuses({ secret: ['x', 5] }, /"secret"/)
    refuses({ cluster: { strategi: 'x' } }, /"cluster": expected true, false or/)
    refuses({ transport: 'tcp' }, /"transport"/)
    refuses({ log: console.log }, /expected a logger with child/)
    refuses({ preset: 'moon' }, /"local", "lan", "wan"/)
  })

  it('takes a pino-shaped logger', () => {
    const log = consoleLog({ level: 'silent', write: () => undefined })
    assert.equal(checkStartOptions({ log }).log, log)
  })
})

describe('translateModes()', () => {
  const translate = (
    given: Parameters<typeof translateModes>[0],
  ): ReturnType<typeof translateModes> => translateModes(given)

  it('makes Mortal mode this machine and this network', () => {
    const { mode, topologies } = translate({ cluster: true, topologies: undefined })
    assert.equal(mode, 'mortal')
    assert.deepEqual(
      Object.values(topologies).map(({ strategy }) => strategy),
      ['local', 'gossip'],
    )
  })

  it('makes one topology of Apprentice options, and knows the strategies', () => {
    const cluster = { strategy: 'static', hosts: ['a:1'] }
    const { mode, topologies } = translate({ cluster, topologies: undefined })
    assert.equal(mode, 'apprentice')
    assert.deepEqual(topologies, { static: { strategy: 'static', config: { hosts: ['a:1'] } } })
    const misspelt = { cluster: { strategy: 'gosip' }, topologies: undefined }
    assert.throws(() => translate(misspelt), /did you mean "gossip"/)
  })

  it('passes Wizard topologies through untouched, and says that cluster is ignored', () => {
    const topologies = { lan: { strategy: 'gossip', config: { port: 1 } } }
    const { mode, topologies: result, notes } = translate({ cluster: true, topologies })
    assert.equal(mode, 'wizard')
    assert.equal(result, topologies)
    assert.match(notes[0] ?? '', /"cluster" is ignored/)
    assert.equal(translate({ cluster: false, topologies: undefined }).mode, 'alone')
  })
})

describe('what a node says of itself', () => {
  const check = (options: object): unknown => checkStartOptions(options)

  it('is refused when no handshake could carry it', () => {
    const refused = (options: object, why: RegExp): void => {
      assert.throws(() => check(options), { code: 'FND_OPTION_INVALID', message: why })
    }
    refused({ meta: { ping: () => 1 } }, /"meta".*ping is a function/)
    refused({ meta: { text: 'x'.repeat(9_000) } }, /"meta".*at most 8192 bytes/)
    const keys = Array.from({ length: 65 }, (_, at): [string, number] => [`k${String(at)}`, at])
    refused({ meta: Object.fromEntries(keys) }, /"meta".*at most 64 keys/)
    refused({ roles: Array.from({ length: 33 }, () => 'web') }, /"roles".*at most 32/)
    refused({ roles: ['web', 'ü'.repeat(33)] }, /"roles".*item 1.*64 bytes/)
    refused({ name: '🦉'.repeat(64) }, /"name".*bytes/)
  })

  it('may be plain data', () => {
    check({ meta: { zone: 'eu', since: new Date(0), ports: [1] }, roles: ['web', 'ü'.repeat(32)] })
  })
})

describe('names', () => {
  it('of nodes come from the app, without its scope, and differ', () => {
    const names = new Set(
      Array.from({ length: 50 }, () => defaultNodeName('@acme/shop', systemHost)),
    )
    for (const name of names) assert.match(name, /^shop-[0-9a-z]{4}@\S+$/)
    assert.ok(names.size > 45)
  })

  it('of incarnations sort by start time', () => {
    const at = (ms: number): string => newIncarnation({ ...systemHost, wallClockMs: () => ms })
    assert.ok(at(1_700_000_000_000) < at(1_700_000_000_001))
    assert.ok(at(999) < at(1_700_000_000_000))
  })
})
