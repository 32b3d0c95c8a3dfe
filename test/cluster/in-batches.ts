/** Much work, some of it at a time. */

/** Does `work` for so many names, some hundred at a time. */
export async function inBatches(
  count: number,
  work: (at: number) => Promise<unknown>,
  run: <T>(batch: Promise<T>) => Promise<T>,
): Promise<void> {
  const batchMax = 500
  for (let from = 0; from < count; from += batchMax) {
    const size = Math.min(batchMax, count - from)
    await run(Promise.all(Array.from({ length: size }, (_, at) => work(from + at))))
  }
}
