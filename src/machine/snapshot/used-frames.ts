// Searches in the tables of all frames, for the frames that a machine has used. A way back in place makes
// them for each of thousands of short runs, so they look at several frames at a time.
import { areaShift, frameState } from "../../memory/frame-tables.ts";

const eachArea = (areas: Uint8Array, count: number, see: (first: number, end: number) => void): void => {
  for (let area = areas.indexOf(1); area >= 0; area = areas.indexOf(1, area + 1))
    see(area << areaShift, Math.min((area + 1) << areaShift, count));
};
/** `frameState.own` of four frames. */
const OWN_FOUR = frameState.own * 0x0101_0101;

/** As `usedFrames` of frame-tables.ts. */
export const framesInUse = (states: Uint8Array, areas: Uint8Array): number[] => {
  const found: number[] = [];
  const fours = new Int32Array(states.buffer, states.byteOffset, states.length >> 2);
  eachArea(areas, states.length, (first, end) => {
    for (let n = first; n < end; n += 4) {
      if (n + 4 <= end && ((fours[n >> 2] as number) & OWN_FOUR) === 0) continue;
      for (let k = n; k < n + 4 && k < end; k++) if (((states[k] as number) & frameState.own) !== 0) found.push(k);
    }
  });
  return found;
};
/** Replaces a value in a table of all frames. Only frames that the machine has used have it. */
export const replaceInUsed = (table: Uint8Array, areas: Uint8Array, value: number, by: number): void =>
  eachArea(areas, table.length, (first, end) => {
    const part = table.subarray(first, end);
    for (let n = part.indexOf(value); n >= 0; n = part.indexOf(value, n + 1)) part[n] = by;
  });
