// An optional feature of the kernel. The core finds its calls, file systems, families of sockets and its part
// of tasks in the registry (index.ts). Without a feature its calls are ENOSYS, its file systems ENODEV, its
// sockets EAFNOSUPPORT.

import type { Profile } from "./base/profile.ts";
import type { SecurityModule } from "./cred/security.ts";
import type { FileSystemType } from "./fs/mountable.ts";
import type { FixedTree } from "./fs/proc/tree/fixed-tree.ts";
import type { FileSystem } from "./fs/vfs/inode.ts";
import type { CharacterDevice } from "./fs/vfs.ts";
import type { Kernel, KernelFeature } from "./kernel.ts";
import type { InetSockets, SocketFamily } from "./net/family.ts";
import type { Syscall } from "./syscall/declaration.ts";
import type { TaskPart } from "./task/part.ts";
import type { Task } from "./task/task.ts";

/** A feature. Functions load its modules at their first use. */
export interface Feature extends KernelFeature {
  /** Unique. */
  readonly name: string;
  readonly calls?: () => readonly Syscall[];
  /** Types for mount(2), by name. */
  readonly fileSystems?: Readonly<Record<string, () => FileSystemType>>;
  /** File systems that a boot mounts, by path. */
  readonly mounts?: Readonly<Record<string, (kernel: Kernel) => FileSystem>>;
  /** Character devices in /dev. */
  readonly devices?: readonly CharacterDevice[];
  /** Files at the root of /proc. */
  readonly procFiles?: (kernel: Kernel) => FixedTree;
  /** Files of /proc/sys. */
  readonly sysctls?: (kernel: Kernel) => FixedTree;
  /** Options of the configuration, in /proc/config.gz. */
  readonly config?: string;
  /** False: Linux of the profile's version lacks the feature. The options are not set. */
  readonly isIn?: (profile: Profile) => boolean;
  /** Families for socket(2), by AF_*. */
  readonly socketFamilies?: Readonly<Record<number, SocketFamily>>;
  /** Sockets of AF_INET and AF_INET6 besides TCP and UDP. */
  readonly inetSockets?: InetSockets;
  /** Files of /proc/net, with their content for a task of the namespace. */
  readonly netFiles?: Readonly<Record<string, (task: Task) => string>>;
  /** Checks of a security module. */
  readonly security?: SecurityModule;
  /** Tables that objects of the feature point at. A snapshot names them in place of a copy. */
  readonly constants?: () => Readonly<Record<string, object>>;
  // biome-ignore lint/suspicious/noExplicitAny: parts have values of all types
  readonly taskPart?: TaskPart<any>;
}
