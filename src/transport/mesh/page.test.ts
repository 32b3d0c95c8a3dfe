import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { frameKinds, frameOf } from '../../wire/index.ts'
import { Page } from './page.ts'

const { data } = frameKinds
const body = Buffer.from('body')

describe('Page', () => {
  it('gives out what was added since the last time', () => {
    const page = Page.next()
    page.add(data, 1, body)
    page.add(data, 2, body)
    assert.equal(page.heldBytes, 2 * frameOf(data, body).length)
    assert.deepEqual(page.take(), Buffer.concat([frameOf(data, body, 1), frameOf(data, body, 2)]))
    page.add(data, 3, body)
    assert.deepEqual(page.take(), frameOf(data, body, 3))
    assert.equal(page.heldBytes, 0)
  })

  it('is used again when it was left and the socket is done with all of it', () => {
    const page = Page.next()
    page.add(data, 1, body)
    page.take()
    page.add(data, 2, body)
    page.take()
    page.giveBack()
    page.leave()
    const other = Page.next()
    assert.notEqual(other, page)
    page.giveBack()
    const again = Page.next()
    assert.equal(again, page)
    assert.equal(again.heldBytes, 0)
    assert.notEqual(Page.next(), page)
  })

  it('is not used again while frames may still be added', () => {
    const page = Page.next()
    page.add(data, 1, body)
    page.take()
    page.giveBack()
    assert.notEqual(Page.next(), page)
  })

  it('keeps a bounded number', () => {
    const pages = Array.from({ length: 100 }, () => Page.next())
    for (const page of pages) page.leave()
    const kept = Array.from({ length: 100 }, () => Page.next()).filter((page) =>
      pages.includes(page),
    )
    assert.equal(kept.length, 32)
  })
})
