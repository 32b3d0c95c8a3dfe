import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { FoundationError } from '../../kernel/index.ts'
import { checkLookup } from '../hints.ts'
import { readHostList } from './host-list.ts'

it('readHostList: reads JSON of addresses and of hints', () => {
  const text =
    '[ "10.0.0.1:7000", "[fe80::1]:7001", "b", { "host": "c", "port": 9, "nodeName": "c1" } ]'
  assert.deepEqual(readHostList(text, 7_777), [
    { host: '10.0.0.1', port: 7_000 },
    { host: 'fe80::1', port: 7_001 },
    { host: 'b', port: 7_777 },
    { host: 'c', port: 9, nodeName: 'c1' },
  ])
  assert.deepEqual(readHostList('{ "peers": ["b"] }', 7_777), [{ host: 'b', port: 7_777 }])
  assert.deepEqual(readHostList(' [] ', undefined), [])
})

it('readHostList: reads words and lines with comments, and the lines of Erlang', () => {
  const text = "% hosts\n'a.example'.\n\nb:7000 c:7001, d # and no more\n#e\nfe80::1%eth0\n"
  assert.deepEqual(readHostList(text, undefined), [
    { host: 'a.example' },
    { host: 'b', port: 7_000 },
    { host: 'c', port: 7_001 },
    { host: 'd' },
    { host: 'fe80::1%eth0' },
  ])
  assert.deepEqual(readHostList('# nobody', undefined), [])
})

it('readHostList: takes nothing for a list of nobody that may be half written', () => {
  for (const text of ['', ' \n', '[', '{}', '{"peers": [', '["10.0.0.1:7', '[1,']) {
    assert.throws(() => readHostList(text, undefined), { code: 'FND_DISCOVERY_FAILED' }, text)
  }
})

it('readHostList: what is no host is left out and counted, and the list is not complete then', () => {
  for (const text of ['a:1 b:x? c:3', '["a:1", null, "c:3"]', '["a:1", {"host": 7}, "c:3"]']) {
    const checked = checkLookup({ peers: readHostList(text, undefined), complete: true })
    assert.deepEqual([checked?.peers.length, checked?.rejected, checked?.complete], [2, 1, false])
  }
})

it('readHostList: any text gives a list or the one error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        return checkLookup({ peers: readHostList(text, 1), complete: true }) !== undefined
      } catch (error) {
        return error instanceof FoundationError
      }
    }),
  )
})
