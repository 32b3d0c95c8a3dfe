import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, tracingChannel } from 'node:diagnostics_channel'
import { describe, it } from 'node:test'
import { telemetryEvents, telemetrySpans, type TelemetryEventEntry } from './telemetry-events.ts'
import {
  diagnosticsTelemetry,
  telemetryChannel,
  telemetryTo,
  type TelemetryRecord,
  type TelemetrySpanRecord,
} from './telemetry.ts'

const telemetry = diagnosticsTelemetry('a')

/** Everything published on a channel while `work` runs. */
async function heard(name: string, work: () => unknown): Promise<unknown[]> {
  const records: unknown[] = []
  const listener = (record: unknown): void => {
    records.push(record)
  }
  channel(name).subscribe(listener)
  try {
    await work()
  } finally {
    channel(name).unsubscribe(listener)
  }
  return records
}

describe('telemetry events', () => {
  it('reach the subscribers of their channel, with the name of the node', async () => {
    const records = await heard('foundation.rpc.call.done', () => {
      telemetry.execute('rpc.call.done', { durationMs: 3 }, () => ({ node: 'b', outcome: 'ok' }))
    })
    const expected: TelemetryRecord = {
      event: 'rpc.call.done',
      source: 'a',
      measurements: { durationMs: 3 },
      metadata: { node: 'b', outcome: 'ok' },
    }
    assert.deepEqual(records, [expected])
  })

  it('build nothing while nobody listens', () => {
    telemetry.execute('rpc.call.done', { durationMs: 3 }, () => {
      throw new Error('built for nobody')
    })
  })

  it('may have no metadata', async () => {
    const records = await heard('foundation.transport.handshake.shed', () => {
      telemetry.execute('transport.handshake.shed', { count: 1 })
    })
    assert.deepEqual((records as TelemetryRecord[])[0]?.metadata, {})
  })
})

describe('telemetry spans', () => {
  it('are silent, and only the work, while nobody listens', async () => {
    const attributes = (): never => {
      throw new Error('built for nobody')
    }
    assert.equal(await telemetry.span('rpc.call', attributes, () => Promise.resolve(7)), 7)
  })

  it('tell start and end of work that succeeds, on one object', async () => {
    let ended: unknown[] = []
    const started = await heard('tracing:foundation.rpc.call:start', async () => {
      ended = await heard('tracing:foundation.rpc.call:asyncEnd', () =>
        telemetry.span(
          'rpc.call',
          () => ({ node: 'b', name: 'x' }),
          () => Promise.resolve(7),
        ),
      )
    })
    assert.equal(started[0], ended[0])
    const { span, source, attributes } = ended[0] as TelemetrySpanRecord
    assert.deepEqual({ span, source, attributes }, expectedSpan)
  })

  it('learn what becomes known while the work goes on, also when it fails then', async () => {
    let ended: unknown[] = []
    await heard('tracing:foundation.config.commit:start', async () => {
      ended = await heard('tracing:foundation.config.commit:asyncEnd', async () => {
        const failing = telemetry.span(
          'config.commit',
          () => ({ paths: ['x'] }),
          async (note) => {
            await Promise.resolve()
            note(() => ({ outcome: 'FND_TIMED_OUT' }))
            throw new Error('no')
          },
        )
        await assert.rejects(failing)
      })
    })
    const [record] = ended as TelemetrySpanRecord[]
    assert.deepEqual(record?.attributes, { paths: ['x'], outcome: 'FND_TIMED_OUT' })
  })

  it('are asked for nothing while nobody listens', async () => {
    const built = (): never => {
      throw new Error('built for nobody')
    }
    const work = telemetry.span('config.commit', built, (note) => {
      note(built)
      return Promise.resolve(7)
    })
    assert.equal(await work, 7)
  })

  it('tell what the work threw, and rethrow it', async () => {
    const failure = new Error('no')
    let records: unknown[] = []
    await heard('tracing:foundation.rpc.call:start', async () => {
      records = await heard('tracing:foundation.rpc.call:error', () =>
        assert.rejects(
          telemetry.span(
            'rpc.call',
            () => ({}),
            () => Promise.reject(failure),
          ),
          failure,
        ),
      )
    })
    assert.equal((records as TelemetrySpanRecord[])[0]?.error, failure)
  })

  it('run inside the context a subscriber gives', async () => {
    const storage = new AsyncLocalStorage<string>()
    const traced = tracingChannel<unknown, TelemetrySpanRecord>('foundation.rpc.serve')
    const start = (record: TelemetrySpanRecord): void => {
      record.within = (work) => storage.run('inside', work)
    }
    traced.start.subscribe(start as (record: unknown) => void)
    try {
      const look = async (): Promise<string | undefined> => {
        await Promise.resolve()
        return storage.getStore()
      }
      assert.equal(await telemetry.span('rpc.serve', () => ({}), look), 'inside')
      assert.equal(storage.getStore(), undefined)
    } finally {
      traced.start.unsubscribe(start as (record: unknown) => void)
    }
  })
})

describe('the table of events', () => {
  const entries: [string, TelemetryEventEntry][] = Object.entries(telemetryEvents)

  it('names them <area>.<thing>.<what>, and spans <area>.<thing>', () => {
    const names = entries.map(([name]) => name)
    assert.deepEqual(
      names.filter((name) => !/^[a-z]+(\.[a-z-]+){2}$/.test(name)),
      [],
    )
    const spans = Object.keys(telemetrySpans)
    assert.deepEqual(
      spans.filter((name) => !/^[a-z]+\.[a-z-]+$/.test(name)),
      [],
    )
    assert.equal(telemetryChannel('rpc.call.done'), 'foundation.rpc.call.done')
  })

  it('has labels only of what is in the metadata', () => {
    for (const [name, { labels, metadata }] of entries) {
      for (const label of labels) assert.ok(label in metadata, `${name}: ${label}`)
    }
  })
})

describe('telemetryTo', () => {
  it('hands on every record', () => {
    const records: TelemetryRecord[] = []
    telemetryTo((record) => records.push(record)).execute('rpc.call.done', { durationMs: 1 })
    assert.deepEqual(records[0]?.measurements, { durationMs: 1 })
  })
})

const expectedSpan = { span: 'rpc.call', source: 'a', attributes: { node: 'b', name: 'x' } }
