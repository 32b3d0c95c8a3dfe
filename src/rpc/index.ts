/** One request, one reply, one deadline between two nodes; multicall. */
export {
  checkCallOptions,
  type CallOptions,
  type CallOutcome,
  type MulticallOptions,
} from './call.ts'
export { rpcDefaults, rpcRules, type RpcOptions } from './options.ts'
export { Rpc, type RpcDeps, type RpcHandler, type RpcStats } from './rpc.ts'
export type { RpcContext } from './served-call.ts'
