// An optional feature of the kernel. The rooms of the core find its calls, file systems, sockets, files of
// /proc and checks of security in the kernel's list (features/index.ts). Without a feature its calls are
// ENOSYS, its file systems ENODEV, its sockets EAFNOSUPPORT.
import type { KernelProfile } from "../base/profile.ts";
import type { TaskPart } from "./task-part.ts";

/**
 * A feature. Functions load its modules at their first use. Each room declares the members that it reads
 * where their types are, by `declare module "…/core/feature.ts" { interface Feature { … } }`: `calls` in
 * syscall/declaration.ts, `fileSystems` and `mounts` in fs/types/mountable.ts, `devices` in fs/vfs/device.ts,
 * `procFiles` and `sysctls` in fs/proc/tree/fixed-tree.ts, `socketFamilies` and `inetSockets` in
 * net/family.ts, `netFiles` in net/show/tables.ts, `security` in cred/security.ts.
 */
export interface Feature {
  /** Unique. */
  readonly name: string;
  /** Options of the configuration, in /proc/config.gz. */
  readonly config?: string;
  /** False: Linux of the profile's version lacks the feature. The options are not set. */
  readonly isIn?: (profile: KernelProfile) => boolean;
  /** Tables that objects of the feature point at. A snapshot names them in place of a copy. */
  readonly constants?: () => Readonly<Record<string, object>>;
  // biome-ignore lint/suspicious/noExplicitAny: parts have values of all types
  readonly taskPart?: TaskPart<any>;
}
