/**
 * Rendezvous hashing: every node computes the same order of nodes for a key, without a table, and a
 * node that goes takes only its own keys along.
 * @source Thaler, Ravishankar: A Name-Based Mapping Scheme for Rendezvous, 1998. FNV-1a with the
 *   finaliser of MurmurHash3 (Austin Appleby), both in the public domain.
 */

/** The score of a node for a key: the same on every machine. A whole number below 2^32. */
export function rendezvousScore(key: string, node: string): number {
  let hash = mixedIn(0x811c9dc5, key)
  hash = mixedIn(Math.imul(hash ^ 0xff, 0x01000193), node)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** The node with the highest score for a key; undefined without nodes. Equal scores: the first name. */
export function rendezvousOwner(key: string, nodes: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestScore = -1
  for (const node of nodes) {
    const score = rendezvousScore(key, node)
    if (score > bestScore || (score === bestScore && best !== undefined && node < best)) {
      best = node
      bestScore = score
    }
  }
  return best
}

/** The nodes, highest score for the key first. */
export function rendezvousOrder(key: string, nodes: Iterable<string>): string[] {
  return [...nodes]
    .map((node) => ({ node, score: rendezvousScore(key, node) }))
    .sort((a, b) => b.score - a.score || (a.node < b.node ? -1 : 1))
    .map(({ node }) => node)
}

function mixedIn(hash: number, text: string): number {
  let mixed = hash
  for (let at = 0; at < text.length; at++) {
    mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x01000193)
  }
  return mixed
}
