import assert from 'node:assert/strict'
import type { NetworkInterfaceInfo } from 'node:os'
import { it } from 'node:test'
import { interfaceLister } from './interfaces.ts'

const loopback: NetworkInterfaceInfo = {
  address: '127.0.0.1',
  netmask: '255.0.0.0',
  family: 'IPv4',
  mac: '00:00:00:00:00:00',
  internal: true,
  cidr: '127.0.0.1/8',
}

it('interfaceLister: keeps what it saw while the system fails to list', () => {
  let answer: NetworkInterfaceInfo[] | undefined
  const list = interfaceLister(() => {
    if (!answer) throw new Error('uv_interface_addresses returned 24')
    return { lo: answer }
  })
  assert.deepEqual(list(), [])
  answer = [loopback]
  const seen = list()
  assert.deepEqual(seen, [
    { name: 'lo', address: '127.0.0.1', family: 4, netmask: '255.0.0.0', isInternal: true },
  ])
  answer = undefined
  assert.deepEqual(list(), seen)
  answer = []
  assert.deepEqual(list(), [])
})
