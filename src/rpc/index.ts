/** One request, one reply, one deadline between two nodes; multicall. */
export { rpcDefaults, rpcRules, type RpcOptions } from './options.ts'
export {
  Rpc,
  type CallOptions,
  type CallOutcome,
  type MulticallOptions,
  type RpcDeps,
  type RpcHandler,
  type RpcStats,
} from './rpc.ts'
export type { RpcContext } from './served-call.ts'
