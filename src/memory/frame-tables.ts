// The side tables of all frames of a memory, and the search for the frames that a machine has used. A memory
// has half a million frames, and a short program uses some hundred.

/** Names of the side tables. */
export const frameTables = {
  refs: "references of frames",
  next: "free frames",
  state: "states of frames",
  areas: "areas of used frames",
  touched: "count of frames",
} as const;
/** Bits of a frame's state. */
export const frameState = {
  /** This machine has used the frame: it may not be zero. */
  used: 1,
  /** The frame is in the list of free frames. */
  listed: 2,
  /** An earlier machine in this memory has used the frame. It is zero, but occupies host memory. */
  earlier: 4,
  /** The bits that describe this machine. */
  own: 3,
} as const;

/** Binary logarithm of the frames in an area. */
export const areaShift = 10;
/** The area of a frame: the element that is set when the machine uses a frame of it. */
export const areaOf = (n: number): number => n >>> areaShift;
/** The number of areas of so many frames. */
export const areasOf = (frames: number): number => (frames >>> areaShift) + 1;

/** The numbers of the frames that the machine has used, in order. */
export const usedFrames = (states: Uint8Array, areas: Uint8Array): number[] => {
  const found: number[] = [];
  for (let area = areas.indexOf(1); area >= 0; area = areas.indexOf(1, area + 1)) {
    const end = Math.min((area + 1) << areaShift, states.length);
    for (let n = area << areaShift; n < end; n++) if (((states[n] as number) & frameState.own) !== 0) found.push(n);
  }
  return found;
};
