// Delta debugging: the fewest parts of an input that still break the same law. Zeller and Hildebrandt,
// "Simplifying and isolating failure-inducing input", IEEE TSE 28 (2002), algorithm ddmin.
export interface Effort {
  /** Most inputs to try. */
  readonly tries: number;
  /** Date.now() at which to stop. */
  readonly until: number;
}

export const minimise = async <T>(
  parts: readonly T[],
  breaks: (parts: readonly T[]) => Promise<boolean>,
  effort: Effort,
): Promise<readonly T[]> => {
  let left = parts;
  let pieces = 2;
  let tries = 0;
  while (left.length > 1) {
    const size = Math.ceil(left.length / pieces);
    let smaller: readonly T[] | undefined;
    for (let from = 0; from < left.length && !smaller; from += size) {
      if (tries++ >= effort.tries || Date.now() > effort.until) return left;
      const rest = [...left.slice(0, from), ...left.slice(from + size)];
      if (await breaks(rest)) smaller = rest;
    }
    if (smaller) {
      left = smaller;
      pieces = Math.max(2, pieces - 1);
    } else if (size === 1) return left;
    else pieces = Math.min(left.length, pieces * 2);
  }
  return left;
};
