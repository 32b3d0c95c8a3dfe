import assert from 'node:assert/strict'
import { it } from 'node:test'
import { importPackage, isPackageInstalled } from './optional-package.ts'

it('importPackage: gives what the package exports by default', async () => {
  const loaded = await importPackage('multicast-dns', 'this test')
  assert.equal(typeof loaded, 'function')
})

it('importPackage: says which package is missing, for what, and how to install it', async () => {
  await assert.rejects(importPackage('no-such-package-at-all', 'the strategy "x"'), {
    code: 'FND_PACKAGE_MISSING',
    message:
      'the strategy "x" needs the package "no-such-package-at-all", which is not installed; ' +
      'run: npm install no-such-package-at-all',
    details: { package: 'no-such-package-at-all' },
  })
})

it('isPackageInstalled: tells without loading', () => {
  assert.equal(isPackageInstalled('multicast-dns'), true)
  assert.equal(isPackageInstalled('no-such-package-at-all'), false)
})
