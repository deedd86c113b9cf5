// The time of day at which a guest with files of the host begins: that of the newest file that it is shown at
// first. So files are not from the future (make(1), ls -l), and two runs on the same files are equal.
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Entries of a folder that are looked at. */
const MAX_ENTRIES = 4096;

/** Of a folder of temporary files, such as /tmp: it changes all the time, and two runs shall be equal. */
const S_ISVTX = 0o1000;

/** Seconds since 1970 of the last change of a folder or of an entry in it, at most now. */
const newestIn = (folder: string, now: number): number => {
  let newest = 0;
  const look = (path: string): void => {
    try {
      const { mtimeMs, mode } = lstatSync(path);
      if (mtimeMs <= now && (mode & S_ISVTX) === 0) newest = Math.max(newest, mtimeMs);
    } catch {
      // A file that cannot be looked at has no time for the guest either.
    }
  };
  look(folder);
  try {
    for (const name of readdirSync(folder).slice(0, MAX_ENTRIES)) look(join(folder, name));
  } catch {
    // The run says that there is no such folder.
  }
  return Math.ceil(newest / 1000);
};

const HOUR = 3600;
/**
 * The newest time in the folders, in seconds since 1970; undefined without one. `isRound`: the next full
 * hour. So most runs are equal although a file has changed that they do not look at, such as a log.
 */
export const newestTime = (folders: readonly string[], isRound: boolean): number | undefined => {
  const now = Date.now();
  const newest = Math.max(0, ...folders.map((folder) => newestIn(folder, now)));
  if (newest === 0) return undefined;
  return isRound ? Math.ceil(newest / HOUR) * HOUR : newest;
};
