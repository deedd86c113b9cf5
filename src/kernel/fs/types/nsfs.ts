// Namespaces as files, the targets of the links in /proc/PID/ns. man 7 namespaces, man 2 ioctl_ns; Linux
// fs/nsfs.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_RDONLY } from "../../../abi/uapi/fcntl.ts";
import { NS } from "../../../abi/uapi/ioctl.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { shownUid, type UserNamespace } from "../../cred/user-namespace.ts";
import type { PidNamespace } from "../../task/pid-namespace.ts";
import { AnonFs } from "../vfs/anon.ts";
import type { Path } from "../vfs/dentry.ts";
import { FileDescription } from "../vfs/file.ts";
import { type Clock, Inode, type Or } from "../vfs/inode.ts";
import { install } from "../vfs/install.ts";
import { S_IFREG } from "../vfs/mode.ts";
import type { MountNamespace } from "../vfs/mount.ts";

/** The names in /proc/PID/ns and the CLONE_NEW* flags. */
export const nsTypes = {
  cgroup: 0x200_0000,
  ipc: 0x800_0000,
  mnt: 0x2_0000,
  net: 0x4000_0000,
  pid: 0x2000_0000,
  time: 0x80,
  user: 0x1000_0000,
  uts: 0x400_0000,
} as const;
/** A type of namespace. */
export type NsType = keyof typeof nsTypes;

/** Stands for the initial user namespace, which is undefined elsewhere. */
const INITIAL_USER = Object.freeze({ owner: undefined });
/** The namespace of a task. */
export const namespaceOf = (t: Task, type: NsType): object =>
  type === "pid" ? t.pidNs : type === "user" ? (t.cred.userNs ?? INITIAL_USER) : t.namespaces[type];
/** True for the object that stands for the initial user namespace. */
export const isInitialUser = (namespace: object): boolean => namespace === INITIAL_USER;

/** The owner, or for NS_GET_PARENT the parent, of a namespace, if it is in the caller's; -EPERM above it. */
const related = (
  t: Task,
  { nsType, namespace }: NsFile,
  parent: boolean,
): { readonly type: NsType; readonly namespace: object } | number => {
  if (parent && nsType === "pid") {
    const above = (namespace as PidNamespace).parent;
    for (let ns = above; ns; ns = ns.parent) if (ns === t.pidNs) return { type: "pid", namespace: above as PidNamespace };
    return -E.EPERM;
  }
  if (parent && nsType !== "user") return -E.EINVAL;
  // The initial user namespace has no object and no owner.
  if (isInitialUser(namespace)) return -E.EPERM;
  const owner = nsType === "user" ? (namespace as UserNamespace).parent : (namespace as { owner: UserNamespace | undefined }).owner;
  for (let ns = owner; ; ns = ns.parent) {
    if (ns === t.cred.userNs) return { type: "user", namespace: owner ?? INITIAL_USER };
    if (ns === undefined) return -E.EPERM;
  }
};

/** True for an inode of nsfs. */
export const isNsInode = (inode: Inode): inode is NsInode => inode instanceof NsInode;
/** The inode of a namespace. */
export class NsInode extends Inode {
  readonly namespace: object;
  readonly nsType: NsType;
  constructor(fs: NsFs, ino: number, namespace: object, type: NsType) {
    super(fs, S_IFREG | 0o444, ino);
    this.namespace = namespace;
    this.nsType = type;
  }
  override open(_task: Task, flags: number, path: Path): Or<FileDescription> {
    return new NsFile(this, flags, path);
  }
}

/** An open namespace. It keeps the namespace alive. */
export class NsFile extends FileDescription {
  readonly namespace: object;
  readonly nsType: NsType;
  constructor(inode: NsInode, flags: number, path: Path) {
    super(inode, flags, path);
    this.namespace = inode.namespace;
    this.nsType = inode.nsType;
    inode.fs.clock.garbage.files.set(this, this.namespace);
  }
  override release(): void {
    this.inode.fs.clock.garbage.files.delete(this);
  }
  override ioctl(task: Task, request: number, arg: VAddr, _abi: Abi): Result {
    switch (request) {
      case NS.GET_NSTYPE:
        return nsTypes[this.nsType];
      case NS.GET_OWNER_UID: {
        if (this.nsType !== "user") return -E.EINVAL;
        const owner = isInitialUser(this.namespace) ? 0 : (this.namespace as UserNamespace).owner;
        return task.mem.setU32(arg, shownUid(task.cred.userNs, owner)) ? 0 : -E.EFAULT;
      }
      case NS.GET_MNTNS_ID:
        if (this.nsType !== "mnt") return -E.EINVAL;
        return task.mem.setU64(arg, (this.namespace as MountNamespace).number, 0) ? 0 : -E.EFAULT;
      case NS.GET_USERNS:
      case NS.GET_PARENT: {
        const found = related(task, this, request === NS.GET_PARENT);
        if (typeof found === "number") return found;
        const path = task.kernel.vfs.nsfs.pathOf(found.namespace, found.type);
        return install(task, new NsFile(path.dentry.inode as NsInode, O_RDONLY, path), true);
      }
    }
    return -E.ENOTTY;
  }
}

/**
 * The inode numbers of the initial namespaces. Later ones have ascending numbers. Linux uapi nsfs.h
 * PROC_*_INIT_INO.
 */
const first: Partial<Record<NsType, number>> = {
  cgroup: 0xefff_fffb,
  pid: 0xefff_fffc,
  user: 0xefff_fffd,
  uts: 0xefff_fffe,
  ipc: 0xefff_ffff,
  time: 0xefff_fffa,
};
const DYNAMIC = 0xf000_0000;

/** The file system of namespaces. A namespace has one inode. */
export class NsFs extends AnonFs {
  /** The path of the initial user namespace, which has no object of the machine. */
  private _initialUser: Path | undefined = undefined;
  private readonly _seen = new Set<NsType>();
  private _next = DYNAMIC;

  constructor(dev: number, clock: Clock) {
    super(dev, clock, "nsfs", 0x6e73_6673);
  }
  /** The path of a namespace, made at the first call. */
  pathOf(namespace: object & { nsPath?: Path | undefined }, type: NsType): Path {
    if (isInitialUser(namespace)) return (this._initialUser ??= this._newPath(namespace, type));
    return (namespace.nsPath ??= this._newPath(namespace, type));
  }
  private _newPath(namespace: object, type: NsType): Path {
    return this.path(new NsInode(this, this._number(type), namespace, type), (ino) => `${type}:[${ino}]`);
  }
  private _number(type: NsType): number {
    const fixed = this._seen.has(type) ? undefined : first[type];
    this._seen.add(type);
    return fixed ?? this._next++;
  }
}
