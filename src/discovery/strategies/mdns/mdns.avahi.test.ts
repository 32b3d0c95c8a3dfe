/**
 * `mdns` against avahi, in both directions, across a veth pair between two network namespaces made
 * for the test. Needs root, `ip`, avahi and dbus; otherwise skipped, with the reason in the report.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { until } from '../../../testing/waiting/until.ts'
import { PretendedNode, selfInfo } from '../../discovery-kit.test.ts'
import {
  childIn,
  connectInterface,
  ip,
  namespace,
  programIn,
  skipWithoutNamespaces,
  type Child,
} from '../../namespace-kit.test.ts'
import { clusterHash } from './own-service.ts'

const [, , role] = process.argv
const patienceMs = 30_000

if (role === 'child') runChild()
else {
  const options = { skip: skipWithoutNamespaces || reasonToSkip() }

  it(
    'mdns: avahi browses a node, with address, port and text, and its goodbye',
    options,
    async (t) => {
      const { node, avahi } = await network(t)
      const browse = avahi(['avahi-browse', '--resolve', '--parsable', '_foundation._tcp'])
      const found =
        /^=;\w+;IPv4;a-[0-9a-f]{16};_foundation\._tcp;local;foundation-[0-9a-f]+\.local;10\.212\.0\.1;4001;(.*)$/m
      await until('avahi resolves the node', () => found.test(browse.said), patienceMs)
      const [, text = ''] = found.exec(browse.said) ?? []
      for (const entry of ['v=1', `c=${clusterHash('shop')}`, 'id=a', 'inc=17-a']) {
        assert.ok(text.includes(`"${entry}"`), text)
      }
      node.process.kill('SIGTERM')
      const gone = /^-;\w+;IPv4;a-[0-9a-f]{16};_foundation\._tcp;local$/m
      await until('avahi hears the goodbye', () => gone.test(browse.said), patienceMs)
    },
  )

  it('mdns: a node finds what avahi publishes, and hears its goodbye', options, async (t) => {
    const { node, avahi } = await network(t)
    const entries = ['v=1', `c=${clusterHash('shop')}`, 'id=published', 'inc=1']
    const publish = avahi([
      'avahi-publish',
      '-s',
      'some one',
      '_foundation._tcp',
      '7000',
      ...entries,
    ])
    avahi(['avahi-publish', '-s', 'other', '_foundation._tcp', '7001', 'v=1', 'c=0000', 'id=other'])
    await until('the node dials it', () => node.said.includes('dialed 10.212.0.2:7000'), patienceMs)
    publish.process.kill('SIGTERM')
    await until(
      'the node hears the goodbye',
      () => node.said.includes('gone published goodbye'),
      patienceMs,
    )
    assert.ok(!node.said.includes('7001'), 'another cluster is left alone')
  })
}

function reasonToSkip(): string | false {
  for (const program of [
    'avahi-daemon',
    'avahi-browse',
    'avahi-publish',
    'dbus-daemon',
    'unshare',
  ]) {
    if (spawnSync('which', [program]).status !== 0) return `SKIPPED: there is no "${program}" here`
  }
  return false
}

interface Network {
  /** A node in one namespace. */
  readonly node: Child
  /** Runs a program of avahi in the other. */
  readonly avahi: (command: readonly string[]) => Child
}

/** Two namespaces: a node in one, a bus and a daemon of avahi of their own in the other. */
async function network(t: TestContext): Promise<Network> {
  const folder = await mkdtemp(join(tmpdir(), 'foundation-avahi-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const [left, right] = [namespace(t), namespace(t)]
  ip(`link add fnda0 netns ${left} type veth peer name fnda1 netns ${right}`)
  connectInterface(left, 'fnda0', '10.212.0.1/24')
  connectInterface(right, 'fnda1', '10.212.0.2/24')
  const bus = join(folder, 'bus')
  await writeFile(join(folder, 'bus.conf'), busConfig(bus))
  await writeFile(join(folder, 'avahi.conf'), avahiConfig)
  const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${bus}` }
  const busCommand = ['dbus-daemon', `--config-file=${folder}/bus.conf`, '--nofork', '--nopidfile']
  programIn(t, right, { command: busCommand })
  await until('the bus is there', () => existsSync(bus), patienceMs)
  // The daemon's own folder is fixed at build time: a mount namespace gives it one of its own.
  const run = '/run/avahi-daemon'
  const flags = '--no-drop-root --no-chroot --no-rlimits'
  const script = `mkdir -p ${run} && mount -t tmpfs tmpfs ${run} && exec avahi-daemon ${flags} -f ${folder}/avahi.conf`
  const daemon = programIn(t, right, { command: ['unshare', '-m', 'sh', '-c', script], env })
  await until('avahi is up', () => daemon.said.includes('startup complete'), patienceMs)
  const node = childIn(t, left, ['a'])
  await until('the node has started', () => node.said.includes('started'), patienceMs)
  return { node, avahi: (command) => programIn(t, right, { command, env }) }
}

const avahiConfig = `[server]
host-name=avahi-host
use-ipv6=no
allow-interfaces=fnda1
[wide-area]
enable-wide-area=no
[publish]
publish-hinfo=no
publish-workstation=no
`

function busConfig(path: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
`
}

function runChild(): void {
  const self = selfInfo({ name: 'a', incarnation: '17-a', addresses: ['10.212.0.1:4001'] })
  const made: PretendedNode = new PretendedNode(
    { lan: { strategy: 'mdns' } },
    {
      name: 'a',
      self,
      deps: {
        interfaces: undefined,
        news: (event) => {
          if (event.type === 'dialed') process.stdout.write(`dialed ${event.address}\n`)
          if (event.type !== 'peer-gone') return
          process.stdout.write(`gone ${String(event.peer.nodeName)} ${event.reason}\n`)
        },
      },
    },
  )
  process.once('SIGTERM', () => void made.discovery.stop())
  made.discovery.start()
  process.stdout.write('started\n')
}
