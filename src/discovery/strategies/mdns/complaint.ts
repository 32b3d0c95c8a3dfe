/** Whether mDNS can do its work, and what a person can do when it cannot. */
import { problemsOf, type Post } from './post.ts'

const deafHint =
  'this node does not hear its own mDNS announcements: the network (or a firewall on UDP port 5353) ' +
  'does not carry multicast. Use the strategy "dns", "kubernetes" or "static" there'

/**
 * What to complain of; undefined while all is well enough.
 *
 * @param againMs after which it is tried again.
 */
export function complaintOf(
  posts: readonly Post[],
  nowMs: number,
  againMs: number,
): string | undefined {
  const working = posts.filter(({ problem }) => problem === undefined)
  if (!reachesOut(posts, working)) {
    const problems = problemsOf(posts)
    const why = problems.length > 0 ? problems.join('; ') : 'no usable network interface'
    return `mdns has no way out: ${why}. It is tried again every ${String(againMs / 1_000)} s`
  }
  return working.every((post) => post.isDeaf(nowMs)) ? deafHint : undefined
}

/** Loopback counts only where there is nothing else. */
function reachesOut(posts: readonly Post[], working: readonly Post[]): boolean {
  const isOutside = (post: Post): boolean => !post.interface.isInternal
  return posts.some(isOutside) ? working.some(isOutside) : working.length > 0
}
