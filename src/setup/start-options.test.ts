import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { consoleLog, systemHost } from '../kernel/index.ts'
import { defaultNodeName, newIncarnation } from './node-name.ts'
import { checkStartOptions, startOptionNames } from './start-options.ts'

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
    refuses({ services: { job: () => undefined } }, /"services": .*"job" is none/)
    refuses({ preset: 'moon' }, /"local", "lan", "wan"/)
  })

  it('takes a pino-shaped logger', () => {
    const log = consoleLog({ level: 'silent', write: () => undefined })
    assert.equal(checkStartOptions({ log }).log, log)
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
