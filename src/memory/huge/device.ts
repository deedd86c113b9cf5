// The device number of the kernel's internal hugetlbfs, as /proc/PID/maps shows it (`MappedFile.dev`).
import type { Frames } from "../frames.ts";

const KEY = "device of huge pages";
/** Keeps the number. */
export const setHugeDevice = (frames: Frames, device: number): void => {
  frames.parts ??= new Map();
  frames.parts.set(KEY, device);
};
/** The number. */
export const hugeDevice = (frames: Frames): number => (frames.parts?.get(KEY) as number | undefined) ?? 0;
