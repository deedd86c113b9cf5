// User namespaces: ids and capabilities that mean something only inside. man 7 user_namespaces; Linux kernel/user_namespace.c,
// security/commoncap.c cap_capable(). Ids are the initial namespace's everywhere; they are translated where user code sees them.

/** One line of /proc/PID/uid_map: `count` ids from `inside` on are those from `outside` on, as the parent numbers them. */
export interface Extent {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

const MAX_LEVEL = 32;
/** What an id without a mapping looks like. /proc/sys/kernel/overflowuid */
export const OVERFLOW_ID = 65534;

export class UserNamespace {
  /** Undefined: the initial namespace, which needs no object. */
  readonly parent: UserNamespace | undefined;
  readonly level: number;
  /** Who made it. */
  readonly owner: number;
  readonly group: number;
  /** Written once. In terms of the parent's ids. */
  uidMap: readonly Extent[] | undefined = undefined;
  gidMap: readonly Extent[] | undefined = undefined;
  setgroups: boolean;

  constructor(parent: UserNamespace | undefined, owner: number, group: number) {
    this.parent = parent;
    this.level = (parent?.level ?? 0) + 1;
    this.owner = owner;
    this.group = group;
    this.setgroups = parent?.setgroups ?? true;
  }
  get tooDeep(): boolean {
    return this.level > MAX_LEVEL;
  }
}

export type IdKind = "uidMap" | "gidMap";
type Namespace = UserNamespace | undefined;

/** The kernel's id for one that user code names; undefined: there is none. Linux make_kuid(). */
export const toKernel = (ns: Namespace, kind: IdKind, id: number): number | undefined => {
  if (!ns) return id;
  const extent = ns[kind]?.find((e) => id >= e.inside && id < e.inside + e.count);
  return extent && toKernel(ns.parent, kind, extent.outside + (id - extent.inside));
};
/** How the namespace numbers one of the kernel's ids; undefined: not at all. Linux from_kuid(). */
export const toLocal = (ns: Namespace, kind: IdKind, id: number): number | undefined => {
  if (!ns) return id;
  const outside = toLocal(ns.parent, kind, id);
  if (outside === undefined) return undefined;
  const extent = ns[kind]?.find((e) => outside >= e.outside && outside < e.outside + e.count);
  return extent && extent.inside + (outside - extent.outside);
};
export const shownUid = (ns: Namespace, id: number): number => toLocal(ns, "uidMap", id) ?? OVERFLOW_ID;
export const shownGid = (ns: Namespace, id: number): number => toLocal(ns, "gidMap", id) ?? OVERFLOW_ID;

export const levelOf = (ns: Namespace): number => ns?.level ?? 0;
