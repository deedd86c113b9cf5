// The namespaces of a task, except user and pid namespaces. man 7 namespaces; Linux include/linux/nsproxy.h.

import type { UserNamespace } from "../cred/user-namespace.ts";
import type { MountNamespace } from "../fs/vfs/mount.ts";
import type { NetNamespace } from "../net/namespace.ts";

/** Host and domain name. man 7 uts_namespaces. */
export class UtsNamespace {
  readonly owner: UserNamespace | undefined;
  hostname: string;
  domainname: string;
  constructor(owner: UserNamespace | undefined, hostname: string, domainname: string) {
    this.owner = owner;
    this.hostname = hostname;
    this.domainname = domainname;
  }
}

/** A namespace with identity and without content: the kernel has no System V IPC and no cgroups. */
export class EmptyNamespace {
  readonly owner: UserNamespace | undefined;
  constructor(owner: UserNamespace | undefined) {
    this.owner = owner;
  }
}
/** man 7 ipc_namespaces. */
export class IpcNamespace extends EmptyNamespace {}
/** man 7 cgroup_namespaces. */
export class CgroupNamespace extends EmptyNamespace {}

/** Linux struct nsproxy. */
export interface Namespaces {
  readonly mnt: MountNamespace;
  readonly net: NetNamespace;
  readonly uts: UtsNamespace;
  readonly ipc: IpcNamespace;
  readonly cgroup: CgroupNamespace;
}
