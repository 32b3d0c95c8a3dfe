/**
 * Who listens to what: items under topics and patterns, found by topic. Exact topics are a Map,
 * patterns a tree of tokens, so finding costs as much as the topic is long.
 */
import { isPattern } from './topic.ts'

interface TreeNode<T> {
  readonly children: Map<string, TreeNode<T>>
  /** Items whose pattern ends here. */
  readonly ends: Set<T>
  /** Items whose pattern goes on with `>`. */
  readonly tails: Set<T>
}

/** Items of any kind, each under any number of topics and patterns. */
export class TopicTable<T> {
  readonly #exact = new Map<string, Set<T>>()
  #root: TreeNode<T> = treeNode()
  #patterns = 0
  #version = 0

  /** Changes whenever the answer of `find` may have changed. */
  get version(): number {
    return this.#version
  }

  /** Adding the same item again under the same tokens changes nothing. */
  add(tokens: readonly string[], item: T): void {
    this.#version += 1
    if (!isPattern(tokens)) {
      const topic = tokens.join('.')
      const items = this.#exact.get(topic)
      if (items) items.add(item)
      else this.#exact.set(topic, new Set([item]))
      return
    }
    const items = this.#itemsOf(tokens)
    if (!items.has(item)) this.#patterns += 1
    items.add(item)
  }

  remove(tokens: readonly string[], item: T): void {
    this.#version += 1
    if (!isPattern(tokens)) {
      const topic = tokens.join('.')
      const items = this.#exact.get(topic)
      items?.delete(item)
      if (items?.size === 0) this.#exact.delete(topic)
      return
    }
    if (this.#itemsOf(tokens).delete(item)) this.#patterns -= 1
    prune(this.#root, tokens, 0)
  }

  /** The items that listen to a topic, each once: exact ones first, then by the tree. */
  find(topic: string): T[] {
    const exact = this.#exact.get(topic)
    if (this.#patterns === 0) return exact ? [...exact] : []
    const found = new Set<T>(exact)
    collect(this.#root, topic.split('.'), { at: 0, found })
    return [...found]
  }

  #itemsOf(tokens: readonly string[]): Set<T> {
    let node = this.#root
    for (const each of tokens) {
      if (each === '>') return node.tails
      const child = node.children.get(each) ?? treeNode<T>()
      node.children.set(each, child)
      node = child
    }
    return node.ends
  }
}

function treeNode<T>(): TreeNode<T> {
  return { children: new Map(), ends: new Set(), tails: new Set() }
}

interface Search<T> {
  readonly at: number
  readonly found: Set<T>
}

function collect<T>(node: TreeNode<T>, tokens: readonly string[], { at, found }: Search<T>): void {
  const next = tokens[at]
  if (next === undefined) {
    for (const item of node.ends) found.add(item)
    return
  }
  for (const item of node.tails) found.add(item)
  for (const each of [next, '*']) {
    const child = node.children.get(each)
    if (child) collect(child, tokens, { at: at + 1, found })
  }
}

/** Cuts what is empty off the path of `tokens`. @returns true when the node itself is empty. */
function prune<T>(node: TreeNode<T>, tokens: readonly string[], at: number): boolean {
  const next = tokens[at]
  const child = next === undefined || next === '>' ? undefined : node.children.get(next)
  if (next !== undefined && child && prune(child, tokens, at + 1)) node.children.delete(next)
  return node.children.size === 0 && node.ends.size === 0 && node.tails.size === 0
}
