// The contents of sysfs and cgroup2, loaded at their first use. tools/chunks.json assigns them to a chunk of
// the bundle.
import * as cgroupFiles from "./cgroup-files.ts";
import * as tree from "./sys-tree.ts";

/** The files of cgroup2. */
export const lazyCgroupFiles = (): typeof cgroupFiles => cgroupFiles;
/** The tree of sysfs. */
export const lazySysTree = (): typeof tree => tree;
