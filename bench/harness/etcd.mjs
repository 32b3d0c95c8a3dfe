/** A cluster of etcd on loopback: found on this machine, started, asked over HTTP, ended. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { waitFor } from './clock.mjs'
import { freePorts } from './fleet.mjs'

/** The reason etcd cannot run here, with what helps. */
export function missingEtcd() {
  const found = spawnSync('etcd', ['--version'], { stdio: 'ignore' })
  return found.error ? 'etcd is not installed: apt-get install etcd-server' : undefined
}

/**
 * Starts members that know each other, each with a folder on the disk.
 *
 * @param {number} size
 */
export async function startEtcd(size) {
  const folder = await mkdtemp(path.join(tmpdir(), 'foundation-etcd-'))
  const ports = await freePorts(2 * size)
  const members = Array.from({ length: size }, (_, at) => ({
    name: `m${at + 1}`,
    client: `http://127.0.0.1:${ports[2 * at]}`,
    peer: `http://127.0.0.1:${ports[2 * at + 1]}`,
  }))
  const initial = members.map(({ name, peer }) => `${name}=${peer}`).join(',')
  const children = members.map((member) => spawnMember(member, { initial, folder }))
  const agent = new Agent({ keepAlive: true })
  const post = (route, body) => postJson(members[0].client + route, body, agent)
  const stop = async () => {
    agent.destroy()
    await Promise.all(children.map(end))
    await rm(folder, { recursive: true, force: true })
  }
  const transact = (key, value) =>
    post('/v3/kv/txn', { success: [{ requestPut: { key: base64(key), value: base64(value) } }] })
  const answers = () => transact('ready', '1').then(Boolean, () => false)
  try {
    await waitFor(answers, { timeoutMs: 30_000, what: 'etcd answers' })
  } catch (error) {
    await stop()
    throw error
  }
  return { transact, stop, pids: children.map(({ pid }) => pid) }
}

function spawnMember({ name, client, peer }, { initial, folder }) {
  const args = [
    ['--name', name, '--data-dir', path.join(folder, name)],
    ['--listen-client-urls', client, '--advertise-client-urls', client],
    ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ['--initial-cluster', initial, '--initial-cluster-state', 'new'],
  ].flat()
  return spawn('etcd', args, { stdio: 'ignore' })
}

async function end(child) {
  const exited = new Promise((resolve) => child.once('exit', resolve))
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await exited
}

function postJson(url, body, agent) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent }, (answer) => {
      let text = ''
      answer.on('data', (chunk) => (text += chunk))
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`etcd answered ${answer.statusCode}: ${text}`))
      })
    })
    asked.on('error', reject)
    asked.end(JSON.stringify(body))
  })
}

function base64(text) {
  return Buffer.from(text).toString('base64')
}
