/**
 * What the Kubernetes API says of pods and EndpointSlices, read tolerantly: an object that lacks
 * something is passed over, never an error. Pure.
 * @source Kubernetes API reference: core/v1 Pod, discovery.k8s.io/v1 EndpointSlice
 */
import { isIP } from 'node:net'
import { isPort } from '../../port/address.ts'

/** One pod as a peer, out of one object of the API. */
export interface Endpoint {
  /** The pod's uid where it is told: slices of both IP families name the same pod. */
  readonly id: string
  readonly hosts: readonly string[]
  /** Of the named port, if one was asked for. */
  readonly port: number | undefined
}

/** An object of the API, as far as a list and a watch need to know it. */
export interface ApiObject {
  readonly key: string
  readonly endpoints: readonly Endpoint[]
}

/** A kind of object that names peers. */
export interface Resource {
  /** As RBAC spells it. */
  readonly name: 'pods' | 'endpointslices'
  readonly apiGroup: '' | 'discovery.k8s.io'
  path(namespace: string): string
  /** @returns undefined for what is not an object of this kind. */
  read(object: unknown, portName: string | undefined): ApiObject | undefined
}

type Json = Readonly<Record<string, unknown>>

/** Pods: found before they are ready, since they may need the cluster to become so. */
export const pods: Resource = {
  name: 'pods',
  apiGroup: '',
  path: (namespace) => `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
  read: (object, portName) => readWith(object, (pod) => endpointsOfPod(pod, portName)),
}

/** The slices of a service, of either IP family; an FQDN slice has no addresses to dial. */
export const endpointSlices: Resource = {
  name: 'endpointslices',
  apiGroup: 'discovery.k8s.io',
  path: (namespace) =>
    `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
  read: (object, portName) => readWith(object, (slice) => endpointsOfSlice(slice, portName)),
}

function readWith(
  object: unknown,
  endpointsOf: (object: Json) => Endpoint[],
): ApiObject | undefined {
  const given = record(object)
  const key = textOf(record(given.metadata).name)
  return key === undefined ? undefined : { key, endpoints: endpointsOf(given) }
}

/** The version an object carries, bookmarks included. Opaque. */
export function versionOf(object: unknown): string | undefined {
  return textOf(record(record(object).metadata).resourceVersion)
}

/** Failed and finished pods keep their address for a while, and one being deleted is on its way out. */
function endpointsOfPod(pod: Json, portName: string | undefined): Endpoint[] {
  const [metadata, status, spec] = [record(pod.metadata), record(pod.status), record(pod.spec)]
  const hosts = hostsOf([...list(status.podIPs).map((item) => record(item).ip), status.podIP])
  const isGone = status.phase !== 'Running' || metadata.deletionTimestamp !== undefined
  if (isGone || hosts.length === 0) return []
  const ports = list(spec.containers).flatMap((container) => list(record(container).ports))
  const named = ports.find((port) => portName !== undefined && record(port).name === portName)
  return [
    {
      id: textOf(metadata.uid) ?? hosts.join(),
      hosts,
      port: portOf(record(named).containerPort),
    },
  ]
}

/** Ready or not: only `terminating` excludes. Readiness may wait for the cluster to form. */
function endpointsOfSlice(slice: Json, portName: string | undefined): Endpoint[] {
  const named = list(slice.ports).find(
    (port) => portName !== undefined && record(port).name === portName,
  )
  const port = portOf(record(named).port)
  return list(slice.endpoints).flatMap((item) => {
    const endpoint = record(item)
    // Several addresses of one endpoint are alike; only the first is meant to be used.
    const hosts = hostsOf(list(endpoint.addresses)).slice(0, 1)
    if (hosts.length === 0 || record(endpoint.conditions).terminating === true) return []
    return [{ id: textOf(record(endpoint.targetRef).uid) ?? hosts.join(), hosts, port }]
  })
}

function hostsOf(values: readonly unknown[]): string[] {
  const hosts = values.filter((value) => typeof value === 'string' && isIP(value) !== 0)
  return [...new Set(hosts as string[])]
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function portOf(value: unknown): number | undefined {
  return isPort(value) ? value : undefined
}
