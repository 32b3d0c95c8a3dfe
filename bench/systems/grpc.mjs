/**
 * gRPC by its official JavaScript package: every process is a server, and a client of those it
 * calls. Bodies travel as msgpack. Only calls: it has no topics.
 */
import grpc from '@grpc/grpc-js'
import { pack, unpack } from 'msgpackr'

const method = {
  path: '/bench.Service/Call',
  requestStream: false,
  responseStream: false,
  requestSerialize: (body) => Buffer.from(pack(body)),
  requestDeserialize: unpack,
  responseSerialize: (body) => Buffer.from(pack(body)),
  responseDeserialize: unpack,
}

/** @param {import('./system.mjs').Place} place */
export async function open({ host, port, roster }) {
  const server = new grpc.Server()
  let answer = (body) => body
  const call = async ({ request }, done) => done(null, await answer(request))
  server.addService({ call: method }, { call })
  const insecure = grpc.ServerCredentials.createInsecure()
  await new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, insecure, (error) => (error ? reject(error) : resolve()))
  })
  const clients = new Map()
  const Client = grpc.makeGenericClientConstructor({ call: method }, 'Service')
  const clientOf = (name) => {
    const known = clients.get(name)
    if (known) return known
    const place = roster.find((one) => one.name === name)
    const made = new Client(`${place.host}:${place.port}`, grpc.credentials.createInsecure())
    clients.set(name, made)
    return made
  }
  return {
    reach: () => Promise.resolve(),
    serve: (handler) => {
      answer = handler
      return Promise.resolve()
    },
    request: (name, body) =>
      new Promise((resolve, reject) => {
        clientOf(name).call(body, (error, reply) => (error ? reject(error) : resolve(reply)))
      }),
    close: () => {
      for (const client of clients.values()) client.close()
      server.forceShutdown()
      return Promise.resolve()
    },
  }
}
