/**
 * Writes docs/reference/options.md from the code: names, defaults and the words of the docstrings.
 * `--check` only compares, for the test.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import ts from 'typescript'
import { discoveryDefaults, strategies } from '../src/discovery/index.ts'
import { defaultsOf } from '../src/kernel/index.ts'
import { configDefaults } from '../src/config/index.ts'
import { eventsDefaults } from '../src/events/index.ts'
import { membershipDefaults } from '../src/membership/index.ts'
import { monitorDefaults } from '../src/monitor/index.ts'
import { pubsubDefaults } from '../src/pubsub/index.ts'
import { registryDefaults } from '../src/registry/index.ts'
import { rpcDefaults } from '../src/rpc/index.ts'
import { supervisorDefaults } from '../src/supervisor/index.ts'
import { natsRules } from '../src/transport/nats/options.ts'
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
    title: 'registry',
    file: 'src/registry/options.ts',
    type: 'RegistryOptions',
    defaults: registryDefaults,
  },
  {
    title: 'monitor',
    file: 'src/monitor/options.ts',
    type: 'MonitorOptions',
    defaults: monitorDefaults,
  },
  {
    title: 'config',
    file: 'src/config/options.ts',
    type: 'ConfigOptions',
    defaults: configDefaults,
  },
  {
    title: 'events',
    file: 'src/events/options.ts',
    type: 'EventsOptions',
    defaults: eventsDefaults,
  },
  {
    title: 'supervisor',
    file: 'src/supervisor/options.ts',
    type: 'SupervisorOptions',
    defaults: supervisorDefaults,
  },
  {
    title: 'discovery',
    file: 'src/discovery/discovery-deps.ts',
    type: 'DiscoveryOptions',
    defaults: discoveryDefaults,
  },
  {
    title: 'nats()',
    file: 'src/transport/nats/options.ts',
    type: 'NatsOptions',
    defaults: defaultsOf(natsRules),
  },
  { title: 'listen, advertise', file: 'src/setup/start-options.ts', type: 'Endpoint' },
  { title: 'tls', file: 'src/setup/start-options.ts', type: 'TlsFiles' },
  { title: 'channels.<name>', file: 'src/pubsub/options.ts', type: 'ChannelOptions' },
  { title: 'topologies.<name>', file: 'src/discovery/topology.ts', type: 'Topology' },
  strategy('consul', 'consul/consul.ts', 'ConsulOptions'),
  strategy('dns', 'dns.ts', 'DnsOptions'),
  strategy('exec', 'exec.ts', 'ExecOptions'),
  strategy('file', 'file.ts', 'FileOptions'),
  strategy('gossip', 'gossip/gossip.ts', 'GossipOptions'),
  strategy('http', 'http.ts', 'HttpOptions'),
  strategy('kubernetes', 'kubernetes/kubernetes.ts', 'KubernetesOptions'),
  strategy('local', 'local/local.ts', 'LocalOptions'),
  strategy('mdns', 'mdns/mdns.ts', 'MdnsOptions'),
  strategy('postgres', 'postgres/postgres.ts', 'PostgresOptions'),
  strategy('rancher', 'rancher.ts', 'RancherOptions'),
  strategy('redis', 'redis/redis.ts', 'RedisOptions'),
  strategy('static', 'static.ts', 'StaticOptions'),
]

const head = `# Options

Generated from the code by \`node scripts/options-page.mjs\`; a test compares. Durations are milliseconds (\`Ms\`), sizes bytes
(\`Bytes\`). Sources, strongest first: the argument of \`startNode\`, \`FOUNDATION_*\` in the environment,
\`foundation.config.{js,mjs,ts,json}\` (looked for from the working folder up to the folder of the nearest package.json), the
\`foundation\` key of that package.json, the default. The strongest source that names an option gives all of it; \`cluster\`
and \`topologies\` count as one option. An unknown option is refused and the nearest known one named. \`foundation explain\`
and \`resolveOptions()\` show what is in force and where it comes from.

Environment: \`FOUNDATION_APP\`, \`FOUNDATION_NAME\`, \`FOUNDATION_CLUSTER\` (true, false, the name of a strategy, or Apprentice
options as JSON), \`FOUNDATION_TOPOLOGIES\` (JSON), \`FOUNDATION_LISTEN\` and \`FOUNDATION_ADVERTISE\` ("host:port"),
\`FOUNDATION_PRESET\`, \`FOUNDATION_ROLES\` and \`FOUNDATION_INTERFACES\` (comma-separated), \`FOUNDATION_SIGNALS\` (true or false),
\`FOUNDATION_SECRET\` (one, or several comma-separated), \`FOUNDATION_SECRET_FILE\`, \`FOUNDATION_LOG\` (debug, info, warn, error
or silent). An empty variable counts as not set.
`

function strategy(name, file, type) {
  const { rules } = strategies.find((definition) => definition.name === name)
  const defaults = defaultsOf(rules)
  return { title: `Strategy ${name}`, file: `src/discovery/strategies/${file}`, type, defaults }
}

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
  const shown =
    defaults === undefined ? cell(kind) : value === undefined ? 'none' : shownValue(value)
  return `| \`${name}\` | ${shown === 'none' ? shown : `\`${shown}\``} | ${cell(words)} |`
}

function shownValue(value) {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
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
