// User namespaces: the scope of ids and capabilities. man 7 user_namespaces; Linux kernel/user_namespace.c,
// security/commoncap.c cap_capable(). All ids in the kernel are those of the initial namespace. They are
// translated at the boundary to user code.

import { endParts } from "../base/namespace-part.ts";
import type { Parted } from "../base/part.ts";

/** A line of /proc/PID/uid_map: `count` ids from `inside` are the parent's ids from `outside`. */
export interface Extent {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Linux create_user_ns() refuses a child of a namespace of a higher level than 32. */
const MAX_LEVEL = 33;
/** The id that user code sees for an unmapped one. /proc/sys/kernel/overflowuid. */
export const OVERFLOW_ID = 65534;

/** A namespace below the initial one. Linux struct user_namespace. */
export class UserNamespace implements Parted {
  /** Undefined: the parent is the initial namespace, which has no object. */
  readonly parent: UserNamespace | undefined;
  readonly level: number;
  /** The effective uid and gid of its creator. */
  readonly owner: number;
  readonly group: number;
  /** Written once, in terms of the parent's ids. */
  uidMap: readonly Extent[] | undefined = undefined;
  gidMap: readonly Extent[] | undefined = undefined;
  projidMap: readonly Extent[] | undefined = undefined;
  setgroups: boolean;
  parts: Map<string, unknown> | undefined = undefined;

  constructor(parent: UserNamespace | undefined, owner: number, group: number) {
    this.parent = parent;
    this.level = (parent?.level ?? 0) + 1;
    this.owner = owner;
    this.group = group;
    this.setgroups = parent?.setgroups ?? true;
  }
  /** Nothing leads to it any more. */
  end(): void {
    endParts(this);
  }
  /** True if creation must fail: man 7 user_namespaces, "nested". */
  get tooDeep(): boolean {
    return this.level > MAX_LEVEL;
  }
}

/** The map of user ids, of group ids or of project ids, which quotas have. */
export type IdKind = "uidMap" | "gidMap" | "projidMap";
type Namespace = UserNamespace | undefined;

/** The kernel's id for an id of the namespace. Undefined: it is not mapped. Linux make_kuid(). */
export const toKernel = (ns: Namespace, kind: IdKind, id: number): number | undefined => {
  if (!ns) return id;
  const extent = ns[kind]?.find((e) => id >= e.inside && id < e.inside + e.count);
  return extent && toKernel(ns.parent, kind, extent.outside + (id - extent.inside));
};
/** The namespace's number for an id of the kernel. Undefined: it is not mapped. Linux from_kuid(). */
export const toLocal = (ns: Namespace, kind: IdKind, id: number): number | undefined => {
  if (!ns) return id;
  const outside = toLocal(ns.parent, kind, id);
  if (outside === undefined) return undefined;
  const extent = ns[kind]?.find((e) => outside >= e.outside && outside < e.outside + e.count);
  return extent && extent.inside + (outside - extent.outside);
};
/** The ids that user code of the namespace sees. Linux from_kuid_munged(). */
export const shownUid = (ns: Namespace, id: number): number => toLocal(ns, "uidMap", id) ?? OVERFLOW_ID;
/** The gid that user code of the namespace sees. Linux from_kgid_munged(). */
export const shownGid = (ns: Namespace, id: number): number => toLocal(ns, "gidMap", id) ?? OVERFLOW_ID;

/** Depth below the initial namespace, which is 0. */
export const levelOf = (ns: Namespace): number => ns?.level ?? 0;
