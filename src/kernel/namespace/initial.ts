// The namespaces of the first task, apart from that of mounts.
import type { Kernel } from "../kernel.ts";
import { NetNamespace } from "../net/namespace.ts";
import { TimeNamespace } from "../task/time-namespace.ts";
import { CgroupNamespace, type Namespaces, PartNamespace, UtsNamespace } from "./set.ts";

export type { Namespaces };
/** They end with the machine. */
export type InitialNamespaces = Omit<Namespaces, "mnt">;

/** Makes them. */
export const initialNamespaces = (kernel: Kernel, hostname: string): InitialNamespaces => {
  const time = new TimeNamespace(undefined);
  return {
    net: new NetNamespace(kernel, undefined, true),
    uts: new UtsNamespace(undefined, hostname, "(none)"),
    ipc: new PartNamespace(undefined),
    cgroup: new CgroupNamespace(undefined, kernel.cgroups),
    time,
    timeForChildren: time,
  };
};
