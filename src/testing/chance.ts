/**
 * Seeded chance: the same seed gives the same numbers on every machine.
 * @source sfc32 is by Chris Doty-Humphrey (PractRand); FNV-1a is by Fowler, Noll and Vo. Both are in the public domain.
 */

/** The next number, from 0 up to, not including, 1. */
export type Chance = () => number

const u32Range = 2 ** 32
const warmUpRounds = 12

/** A stream of numbers of its own for each seed and label. */
export function seededChance(seed: number, label = ''): Chance {
  let a = seed >>> 0
  let b = Math.floor(seed / u32Range) >>> 0
  let c = hash32(label)
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < warmUpRounds; round++) next()
  return () => next() / u32Range
}

/** FNV-1a of a text, from `basis` on, so that hashes can be chained. */
export function hash32(text: string, basis = 0x811c9dc5): number {
  let hash = basis
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash >>> 0
}
