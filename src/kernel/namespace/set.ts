// The namespaces of a task, except user and pid namespaces. man 7 namespaces; Linux include/linux/nsproxy.h.

import { endParts } from "../base/namespace-part.ts";
import type { Parted } from "../base/part.ts";
import type { Cgroup } from "../cgroup/cgroup.ts";
import type { UserNamespace } from "../cred/user-namespace.ts";
import type { MountNamespace } from "../fs/vfs/mount.ts";
import type { NetNamespace } from "../net/namespace.ts";
import type { TimeNamespace } from "../task/time-namespace.ts";

declare module "../core/task.ts" {
  interface TaskMembers {
    namespaces: Namespaces;
  }
}

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

/** A namespace of which features have the content: System V IPC and message queues. man 7 ipc_namespaces. */
export class PartNamespace implements Parted {
  readonly owner: UserNamespace | undefined;
  parts: Map<string, unknown> | undefined = undefined;
  constructor(owner: UserNamespace | undefined) {
    this.owner = owner;
  }
  /** Nothing leads to it any more. */
  end(): void {
    endParts(this);
  }
}

/** The group that members see as the root. man 7 cgroup_namespaces. */
export class CgroupNamespace {
  readonly owner: UserNamespace | undefined;
  readonly top: Cgroup;
  constructor(owner: UserNamespace | undefined, top: Cgroup) {
    this.owner = owner;
    this.top = top;
  }
}

/** Linux struct nsproxy. */
export interface Namespaces {
  readonly mnt: MountNamespace;
  readonly net: NetNamespace;
  readonly uts: UtsNamespace;
  readonly ipc: PartNamespace;
  readonly cgroup: CgroupNamespace;
  readonly time: TimeNamespace;
  /** The time namespace of later children: unshare(2) changes only this one. */
  readonly timeForChildren: TimeNamespace;
}
