// The namespaces of the first task.
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { Kernel } from "../core/kernel.ts";
import { NetNamespace } from "../net/namespace.ts";
import { TimeNamespace } from "../task/time-namespace.ts";
import { CgroupNamespace, type Namespaces, PartNamespace, UtsNamespace } from "./set.ts";

declare module "../core/kernel.ts" {
  interface KernelMembers {
    /** The namespaces of the first task, apart from that of mounts. */
    readonly namespaces: InitialNamespaces;
  }
}

/** They end with the machine. */
export type InitialNamespaces = Omit<Namespaces, "mnt">;

/** Makes them. */
export const initialNamespaces = (kernel: Kernel, cgroups: Cgroup, hostname: string): InitialNamespaces => {
  const time = new TimeNamespace(undefined);
  return {
    net: new NetNamespace(kernel, undefined, true),
    uts: new UtsNamespace(undefined, hostname, "(none)"),
    ipc: new PartNamespace(undefined),
    cgroup: new CgroupNamespace(undefined, cgroups),
    time,
    timeForChildren: time,
  };
};
/** All of them, with that of mounts. */
export const firstNamespaces = ({ vfs, namespaces }: Kernel): Namespaces => ({ mnt: vfs.namespace, ...namespaces });
