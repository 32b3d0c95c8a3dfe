import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  advertisedAddresses,
  listenHosts,
  thisMachine,
  type InterfaceAddress,
} from './addresses.ts'
import { meshDefaults } from './mesh-options.ts'

function at(interfaceName: string, address: string): InterfaceAddress {
  const family = address.includes(':') ? 'IPv6' : 'IPv4'
  return { interfaceName, address, family, internal: interfaceName === 'lo' }
}

const machine = [
  at('lo', '127.0.0.1'),
  at('lo', '::1'),
  at('docker0', '172.17.0.1'),
  at('eth0', 'fe80::1'),
  at('eth0', '2001:db8::5'),
  at('eth0', '10.0.0.5'),
]

describe('listenHosts', () => {
  it('is every interface, IPv4 alone when there is no IPv6', () => {
    assert.deepEqual(listenHosts(meshDefaults, machine), ['::', '0.0.0.0'])
  })

  it('is the one that was given', () => {
    const options = { ...meshDefaults, listen: { host: '10.0.0.5' } }
    assert.deepEqual(listenHosts(options, machine), ['10.0.0.5'])
  })

  it('is this machine only when confined to its loopback interface', () => {
    assert.deepEqual(listenHosts({ ...meshDefaults, interfaces: ['lo'] }, machine), ['127.0.0.1'])
    assert.deepEqual(listenHosts({ ...meshDefaults, interfaces: ['eth0'] }, machine).length, 2)
  })
})

describe('advertisedAddresses', () => {
  const everywhere = { host: '::', port: 7000 }

  it('are real networks, then those of containers, then this machine', () => {
    assert.deepEqual(advertisedAddresses(meshDefaults, everywhere, machine), [
      ...['10.0.0.5:7000', '[2001:db8::5]:7000', '172.17.0.1:7000', '127.0.0.1:7000'],
    ])
  })

  it('have no IPv6 when only IPv4 is listened on', () => {
    const found = advertisedAddresses(meshDefaults, { host: '0.0.0.0', port: 1 }, machine)
    assert.deepEqual(found, ['10.0.0.5:1', '172.17.0.1:1', '127.0.0.1:1'])
  })

  it('are those of the chosen interfaces', () => {
    const options = { ...meshDefaults, interfaces: ['docker0'] }
    assert.deepEqual(advertisedAddresses(options, everywhere, machine), ['172.17.0.1:7000'])
  })

  it('are the address that is listened on, when it is one', () => {
    const bound = { host: '127.0.0.1', port: 9 }
    assert.deepEqual(advertisedAddresses(meshDefaults, bound, machine), ['127.0.0.1:9'])
  })

  it('are what was told to be advertised, each half alone too', () => {
    const withHost = { ...meshDefaults, advertise: { host: 'shop-1.internal' } }
    assert.deepEqual(advertisedAddresses(withHost, everywhere, machine), ['shop-1.internal:7000'])
    const withPort = { ...meshDefaults, advertise: { port: 80 } }
    assert.equal(advertisedAddresses(withPort, everywhere, machine)[0], '10.0.0.5:80')
  })

  it('are never more than a HELLO can hold', () => {
    const many = Array.from({ length: 50 }, (_, i) => at('eth0', `10.0.1.${String(i)}`))
    assert.equal(advertisedAddresses(meshDefaults, everywhere, many).length, 16)
  })

  it('can be found on this machine', () => {
    assert.ok(thisMachine().some(({ address }) => address === '127.0.0.1'))
  })
})
