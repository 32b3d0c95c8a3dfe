/** A configuration of libcluster as people have it, and what becomes of one. */
import { convertTopologies, type Imported } from './convert.ts'
import { findTopologies } from './find-topologies.ts'

/** What becomes of a source in Elixir. */
export const convert = (source: string): Imported => convertTopologies(findTopologies(source))

/** An ordinary runtime.exs, with all that stands around what is looked for. */
export const runtimeExs = `
import Config
# config :libcluster, topologies: [commented: [strategy: Cluster.Strategy.Gossip]]
config :my_app, Web, url: [host: "#{System.get_env("HOST")}/#{1 + 1}"], check: &Web.check/1

if config_env() == :prod do
  secret = System.fetch_env!("SECRET")
  config :libcluster,
    debug: true,
    topologies: [
      lan: [
        strategy: Elixir.Cluster.Strategy.Gossip, # comment, with "quotes" and [brackets
        config: [
          port: 45_892,
          if_addr: "0.0.0.0",
          multicast_addr: {230, 1, 1, 251},
          multicast_ttl: 1,
          broadcast_only: false
        ],
        connect: {:net_kernel, :connect_node, []},
        list_nodes: {:erlang, :nodes, [:connected]}
      ],
      seeds: [
        {:strategy, Cluster.Strategy.Epmd},
        {:config, [hosts: [:"a@10.0.0.1", :b@host], timeout: :infinity]}
      ]
    ]

  config :logger, level: :info
end
`
