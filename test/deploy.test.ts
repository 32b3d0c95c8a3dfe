/** The Kubernetes manifests parse, fit together, and allow what the kubernetes strategy asks for. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { endpointSlices, pods } from '../src/discovery/strategies/kubernetes/resources.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = path.join(root, 'deploy', 'kubernetes')

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
}

interface Role extends Manifest {
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

interface RoleBinding extends Manifest {
  readonly subjects: readonly { readonly kind: string; readonly name: string }[]
  readonly roleRef: { readonly kind: string; readonly name: string }
}

interface Service extends Manifest {
  readonly spec: {
    readonly clusterIP: string
    readonly selector: Readonly<Record<string, string>>
    readonly ports: readonly { readonly name: string; readonly targetPort: string }[]
  }
}

interface Deployment extends Manifest {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> }
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> }
      readonly spec: {
        readonly serviceAccountName: string
        readonly containers: readonly {
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[]
          readonly env: readonly { readonly name: string; readonly value?: string }[]
        }[]
      }
    }
  }
}

const manifests = readdirSync(folder).flatMap((file) => {
  const documents = parseAllDocuments(readFileSync(path.join(folder, file), 'utf8'))
  return [...documents].map((document) => {
    assert.deepEqual([...document.errors, ...document.warnings], [], file)
    return document.toJS() as Manifest
  })
})

interface Kinds {
  readonly Deployment: Deployment
  readonly Role: Role
  readonly RoleBinding: RoleBinding
  readonly Service: Service
  readonly ServiceAccount: Manifest
}

function only<K extends keyof Kinds>(kind: K): Kinds[K] {
  const found = manifests.filter((manifest) => manifest.kind === kind)
  assert.equal(found.length, 1, `one ${kind}`)
  return found[0] as Kinds[K]
}

it('deploy/kubernetes: every document is a manifest with a name', () => {
  assert.ok(manifests.length >= 5)
  for (const { apiVersion, kind, metadata } of manifests) {
    assert.match(apiVersion, /^([a-z0-9.]+\/)?v\d+$/)
    assert.match(kind, /^[A-Z]\w+$/)
    assert.match(metadata.name, /^[a-z][a-z0-9-]*$/)
  }
})

it('deploy/kubernetes: the role allows what the strategy asks for, and is given to the pods', () => {
  const { rules, metadata } = only('Role')
  for (const { name, apiGroup } of [pods, endpointSlices]) {
    const rule = rules.find(
      ({ apiGroups, resources }) => apiGroups.includes(apiGroup) && resources.includes(name),
    )
    assert.deepEqual(rule?.verbs.toSorted(), ['get', 'list', 'watch'], name)
  }
  const { subjects, roleRef } = only('RoleBinding')
  assert.deepEqual([roleRef.kind, roleRef.name], ['Role', metadata.name])
  const account = only('ServiceAccount').metadata.name
  assert.deepEqual(subjects, [{ kind: 'ServiceAccount', name: account }])
  assert.equal(only('Deployment').spec.template.spec.serviceAccountName, account)
})

it('deploy/kubernetes: the headless service selects the pods and names their port', () => {
  const { clusterIP, selector, ports } = only('Service').spec
  const { spec } = only('Deployment')
  assert.equal(clusterIP, 'None')
  assert.deepEqual(selector, spec.template.metadata.labels)
  assert.deepEqual(spec.selector.matchLabels, spec.template.metadata.labels)
  const [container] = spec.template.spec.containers
  const port = container?.ports.find(({ name }) => name === ports[0]?.targetPort)
  const listen = container?.env.find(({ name }) => name === 'FOUNDATION_LISTEN')?.value
  assert.equal(listen, `:${String(port?.containerPort)}`)
})
