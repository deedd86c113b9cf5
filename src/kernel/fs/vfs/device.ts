// Character devices: a driver opens the node. Linux fs/char_dev.c chrdev_open().
import type { Kernel } from "../../core/kernel.ts";
import type { Task } from "../../core/task.ts";
import type { Path } from "./dentry.ts";
import type { FileDescription } from "./file.ts";
import type { Inode, Or } from "./inode.ts";

declare module "../../core/feature.ts" {
  interface Feature {
    /** Character devices in /dev. */
    readonly devices?: readonly CharacterDevice[];
  }
}

/** Opens a character device node: a file description or -errno. */
export type OpenDevice = (task: Task, inode: Inode, flags: number, path: Path) => Or<FileDescription>;
/** A character device with a node in /dev. */
export interface CharacterDevice {
  readonly name: string;
  /** The permission bits of its node. */
  readonly mode: number;
  readonly rdev: number;
  readonly open: OpenDevice;
}
/** The devices of a kernel's features. */
export const characterDevices = ({ features }: Kernel): readonly CharacterDevice[] => features.flatMap(({ devices }) => devices ?? []);
