// "Did you mean …": the known name that takes the fewest changes. Damerau, "A technique for computer
// detection and correction of spelling errors" (1964), in the form that moves each letter once.

const distance = (a: string, b: string, most: number): number => {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((above[j] as number) + 1, (row[j - 1] as number) + 1, (above[j - 1] as number) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, (before[j - 2] as number) + 1);
      row.push(best);
    }
    if (Math.min(...row) > most) return most + 1;
    before = above;
    above = row;
  }
  return above[b.length] as number;
};

/**
 * Another letter in a short name is another name: only a missing, a doubled or an exchanged one is a slip.
 * Versions have no spelling.
 */
const SHORT = 2;
const lettersOf = (name: string): string => [...name.toLowerCase()].sort().join("");
const VERSION = /^\d+(\.\d+)*$/;
/** Undefined if none is near. */
export const nearest = (name: string, known: Iterable<string>): string | undefined => {
  if (VERSION.test(name)) return undefined;
  let most = Math.max(1, Math.floor(name.length / 3));
  let found: string | undefined;
  for (const candidate of known) {
    if (name.length <= SHORT && candidate.length === name.length && lettersOf(candidate) !== lettersOf(name)) continue;
    const d = distance(name.toLowerCase(), candidate.toLowerCase(), most);
    if (d > most) continue;
    found = candidate;
    most = d - 1;
    if (most < 0) break;
  }
  return found;
};

/** For the help of a Problem. */
export const didYouMean = (name: string, known: Iterable<string>): string | undefined => {
  const found = nearest(name, known);
  return found === undefined ? undefined : `did you mean ${found}?`;
};
