// ext2 on loop devices. Linux Documentation/filesystems/ext2.rst.
import type { Feature } from "../../core/feature.ts";
import { ext2Type } from "./mount.ts";

/** The feature. */
export const ext2Feature: Feature = {
  name: "ext2",
  config: "EXT2_FS EXT2_FS_XATTR EXT2_FS_POSIX_ACL",
  fileSystems: { ext2: () => ext2Type },
};
