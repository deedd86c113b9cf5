// The ABI version of Landlock by version of Linux. man 7 landlock, "VERSIONS"; Linux
// Documentation/userspace-api/landlock.rst, "Previous limitations".
import { isSince, type KernelProfile, type Version } from "../../base/profile.ts";

/** The first versions with ABI 1, 2 and so on. */
const SINCE: readonly Version[] = [
  [5, 13],
  [5, 19],
  [6, 2],
  [6, 7],
  [6, 10],
  [6, 12],
  [6, 15],
];
/** The ABI version of a profile. 0: its kernel has no Landlock. */
export const landlockAbi = ({ release }: KernelProfile): number => SINCE.filter((version) => isSince(release, version)).length;
