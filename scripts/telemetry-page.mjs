/** Writes docs/reference/telemetry.md from the code. `--check` only compares, for the test. */
import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { telemetryEvents, telemetrySpans } from '../src/kernel/telemetry-events.ts'

const page = new URL('../docs/reference/telemetry.md', import.meta.url)

const head = `# Telemetry

Generated from \`src/kernel/telemetry-events.ts\` by \`node scripts/telemetry-page.mjs\`; a test compares, and finds events that
nothing publishes. Measured is only what somebody listens to.

## Events

Each is published on the \`node:diagnostics_channel\` \`foundation.<event>\` as
\`{ event, source, measurements, metadata }\`; \`source\` is the name of the node that measured. Durations are milliseconds.

\`\`\`js
import { subscribe } from 'node:diagnostics_channel'

subscribe('foundation.rpc.call.done', ({ source, measurements, metadata }) => {
  console.log(source, metadata.name, metadata.outcome, measurements.durationMs)
})
\`\`\`
`

const spansHead = `## Spans

Work that takes time is published on the tracing channels \`tracing:foundation.<span>:start\`, \`:end\`, \`:asyncStart\`,
\`:asyncEnd\` and \`:error\` as one object \`{ span, source, attributes }\`, to which \`result\` or \`error\` is added
(\`tracingChannel('foundation.rpc.call').subscribe(...)\`). Nothing is published to one that does not hear \`start\`.
`

const listed = (fields) =>
  Object.entries(fields)
    .map(([name, words]) => `\`${name}\`: ${words}`)
    .join('<br>')

const events = Object.entries(telemetryEvents).map(
  ([name, { meaning, measurements, metadata }]) =>
    `| \`${name}\` | ${meaning} | ${listed(measurements)} | ${listed(metadata)} |`,
)
const spans = Object.entries(telemetrySpans).map(
  ([name, { meaning, attributes, kind }]) =>
    `| \`${name}\` | ${meaning} | ${kind} | ${listed(attributes)} |`,
)
const text = [
  head,
  '| event | meaning | measurements | metadata |\n| --- | --- | --- | --- |',
  `${events.join('\n')}\n`,
  spansHead,
  '| span | meaning | kind | attributes |\n| --- | --- | --- | --- |',
  `${spans.join('\n')}\n`,
].join('\n')

if (process.argv.includes('--check')) {
  const isCurrent = readFileSync(page, 'utf8') === text
  if (!isCurrent) {
    console.error('docs/reference/telemetry.md is stale: node scripts/telemetry-page.mjs')
  }
  process.exit(isCurrent ? 0 : 1)
}
writeFileSync(page, text)
