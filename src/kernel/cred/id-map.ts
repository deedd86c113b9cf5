// /proc/PID/uid_map, gid_map, projid_map and setgroups. man 7 user_namespaces, "Defining user and group ID
// mappings"; Linux kernel/user_namespace.c map_write(), new_idmap_permitted(), proc_setgroups_write().

import { E } from "../../abi/errno.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import { ofBytes } from "../base/byte-string.ts";
import type { Task } from "../core/task.ts";
import { CAP, capableIn } from "./cred.ts";
import { type Extent, type IdKind, toKernel, toLocal, type UserNamespace } from "./user-namespace.ts";

const WHOLE = 0xffff_ffff;
const MAX_EXTENTS = 340;

/** The text of a map file. Outside ids are shown as the reader's namespace numbers them. */
export const mapText = (reader: Task, ns: UserNamespace | undefined, kind: IdKind): string => {
  const extents = ns ? (ns[kind] ?? []) : [{ inside: 0, outside: 0, count: WHOLE }];
  const above = reader.cred.userNs === ns ? ns?.parent : reader.cred.userNs;
  return extents
    .map((e) => {
      const outside = ns ? toLocal(above, kind, toKernel(ns.parent, kind, e.outside) ?? -1) : 0;
      return `${[e.inside, outside ?? WHOLE, e.count].map((n) => String(n).padStart(10)).join(" ")}\n`;
    })
    .join("");
};

const parse = (text: string): Extent[] | undefined => {
  const extents: Extent[] = [];
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const found = /^\s*(\d+)\s+(\d+)\s+(\d+)\s*$/.exec(line);
    if (!found) return undefined;
    const [inside, outside, count] = found.slice(1).map(Number) as [number, number, number];
    if (count === 0 || inside + count > WHOLE || outside + count > WHOLE) return undefined;
    const overlaps = extents.some((e) => cross(e.inside, e.count, inside, count) || cross(e.outside, e.count, outside, count));
    if (overlaps) return undefined;
    extents.push({ inside, outside, count });
  }
  return extents.length > MAX_EXTENTS ? undefined : extents;
};
const cross = (a: number, n: number, b: number, m: number): boolean => a < b + m && b < a + n;

/**
 * The creator of the namespace may map its own id alone. Any other map needs CAP_SETUID or CAP_SETGID in the
 * parent.
 */
const permitted = (writer: Task, ns: UserNamespace, kind: IdKind, extents: readonly Extent[]): boolean => {
  // Project ids take no capability. Linux proc_projid_map_write().
  if (kind === "projidMap") return true;
  const { cred } = writer;
  const [only] = extents;
  if (extents.length === 1 && only?.count === 1 && ns.owner === cred.euid) {
    const id = toKernel(ns.parent, kind, only.outside);
    if (kind === "uidMap" && id === cred.euid) return true;
    if (kind === "gidMap" && id === cred.egid && !ns.setgroups) return true;
  }
  return capableIn(cred, ns.parent, kind === "uidMap" ? CAP.SETUID : CAP.SETGID);
};

/** Write a map file, once per namespace. Returns the length, or -errno in Linux's order of checks. */
export const writeMap = (writer: Task, ns: UserNamespace | undefined, kind: IdKind, bytes: Uint8Array): number => {
  if (!ns) return -E.EPERM;
  if (writer.cred.userNs !== ns && writer.cred.userNs !== ns.parent) return -E.EPERM;
  if (bytes.length >= PAGE_SIZE) return -E.EINVAL;
  if (ns[kind]) return -E.EPERM;
  if (kind !== "projidMap" && !capableIn(writer.cred, ns, CAP.SYS_ADMIN)) return -E.EPERM;
  const extents = parse(ofBytes(bytes));
  if (!extents) return -E.EINVAL;
  if (!permitted(writer, ns, kind, extents)) return -E.EPERM;
  if (extents.some((e) => toKernel(ns.parent, kind, e.outside) === undefined)) return -E.EPERM;
  ns[kind] = extents;
  return bytes.length;
};

/** The text of /proc/PID/setgroups. */
export const setgroupsText = (ns: UserNamespace | undefined): string => ((ns?.setgroups ?? true) ? "allow\n" : "deny\n");
/**
 * Write /proc/PID/setgroups. "deny" is possible until gid_map is written and cannot be undone. Length or
 * -errno.
 */
export const writeSetgroups = (writer: Task, ns: UserNamespace | undefined, bytes: Uint8Array): number => {
  if (!capableIn(writer.cred, ns, CAP.SYS_ADMIN)) return -E.EACCES;
  const word = ofBytes(bytes.subarray(0, 16)).trim();
  if (word !== "allow" && word !== "deny") return -E.EINVAL;
  const allowed = ns?.setgroups ?? true;
  if (word === "allow") return allowed ? bytes.length : -E.EPERM;
  if (!ns || ns.gidMap) return -E.EPERM;
  ns.setgroups = false;
  return bytes.length;
};
