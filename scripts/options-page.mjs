/**
 * Writes docs/reference/options.md from the code: names, defaults and the words of the docstrings.
 * `--check` only compares, for the test.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import ts from 'typescript'
import { discoveryDefaults } from '../src/discovery/index.ts'
import { membershipDefaults } from '../src/membership/index.ts'
import { pubsubDefaults } from '../src/pubsub/index.ts'
import { rpcDefaults } from '../src/rpc/index.ts'
import { root } from './steps.mjs'

const page = path.join(root, 'docs', 'reference', 'options.md')

const sections = [
  { title: 'startNode', file: 'src/setup/start-options.ts', type: 'StartOptions' },
  {
    title: 'membership',
    file: 'src/membership/options.ts',
    type: 'MembershipOptions',
    defaults: membershipDefaults,
  },
  {
    title: 'pubsub',
    file: 'src/pubsub/options.ts',
    type: 'PubSubOptions',
    defaults: pubsubDefaults,
  },
  { title: 'rpc', file: 'src/rpc/options.ts', type: 'RpcOptions', defaults: rpcDefaults },
  {
    title: 'discovery',
    file: 'src/discovery/discovery-deps.ts',
    type: 'DiscoveryOptions',
    defaults: discoveryDefaults,
  },
  { title: 'listen, advertise', file: 'src/setup/start-options.ts', type: 'Endpoint' },
  { title: 'tls', file: 'src/setup/start-options.ts', type: 'TlsFiles' },
  { title: 'channels.<name>', file: 'src/pubsub/options.ts', type: 'ChannelOptions' },
  { title: 'topologies.<name>', file: 'src/discovery/topology.ts', type: 'Topology' },
  {
    title: 'Strategy gossip',
    file: 'src/discovery/strategies/gossip/gossip.ts',
    type: 'GossipOptions',
  },
  {
    title: 'Strategy local',
    file: 'src/discovery/strategies/local/local.ts',
    type: 'LocalOptions',
  },
  { title: 'Strategy static', file: 'src/discovery/strategies/static.ts', type: 'StaticOptions' },
]

const head = `# Options

Generated from the code by \`node scripts/options-page.mjs\`; a test compares. Durations are milliseconds (\`Ms\`), sizes bytes
(\`Bytes\`). Sources, strongest first: the argument of \`startNode\`, \`FOUNDATION_*\` in the environment, the \`foundation\` key of
the nearest package.json, the default. An unknown option is refused and the nearest known one named.

Environment: \`FOUNDATION_APP\`, \`FOUNDATION_NAME\`, \`FOUNDATION_CLUSTER\` (true or false), \`FOUNDATION_LISTEN\` and
\`FOUNDATION_ADVERTISE\` ("host:port"), \`FOUNDATION_PRESET\`, \`FOUNDATION_ROLES\` and \`FOUNDATION_INTERFACES\` (comma-separated),
\`FOUNDATION_SIGNALS\` (true or false), \`FOUNDATION_SECRET\` (one, or several comma-separated), \`FOUNDATION_SECRET_FILE\`,
\`FOUNDATION_LOG\` (debug, info, warn, error or silent).
`

function membersOf({ file, type }) {
  const text = readFileSync(path.join(root, file), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const declaration = source.statements.find(
    (node) => ts.isInterfaceDeclaration(node) && node.name.text === type,
  )
  if (!declaration) throw new Error(`${file} has no interface ${type}`)
  return declaration.members.map((member) => ({
    name: member.name.getText(source),
    kind: member.type?.getText(source) ?? '',
    words: ts
      .getJSDocCommentsAndTags(member)
      .map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? '')
      .join(' '),
  }))
}

function rowOf({ name, kind, words }, defaults) {
  const cell = (text) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()
  const value = defaults === undefined ? undefined : defaults[name]
  const shown = defaults === undefined ? `\`${cell(kind)}\`` : `\`${String(value)}\``
  return `| \`${name}\` | ${shown} | ${cell(words)} |`
}

function render() {
  const parts = sections.map((section) => {
    const second = section.defaults ? 'default' : 'type'
    const rows = membersOf(section).map((member) => rowOf(member, section.defaults))
    return `## ${section.title}\n\n| option | ${second} | meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`
  })
  return [head, ...parts].join('\n')
}

const text = render()
if (process.argv.includes('--check')) {
  const isCurrent = readFileSync(page, 'utf8') === text
  if (!isCurrent) console.error('docs/reference/options.md is stale: node scripts/options-page.mjs')
  process.exit(isCurrent ? 0 : 1)
}
writeFileSync(page, text)
