// statmount(2) and listmount(2): mounts by their unique ids. Linux fs/namespace.c do_statmount(),
// do_listmount().
import { x64 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import type { Values } from "../../../abi/struct.ts";
import { LISTMOUNT, LSMT_ROOT, MNT_ID_REQ_SIZE_VER0, mntIdReq, STATMOUNT, statmountStruct } from "../../../abi/uapi/mount.ts";
import { asBytes } from "../../base/byte-string.ts";
import { cost } from "../../base/cost.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableIn } from "../../cred/cred.ts";
import { dominatingGroup, superOptions } from "../../fs/proc/mounts.ts";
import { nameInside, type Path, pathName } from "../../fs/vfs/dentry.ts";
import { SB } from "../../fs/vfs/inode.ts";
import { major, minor } from "../../fs/vfs/mode.ts";
import { FIRST_UNIQUE_ID, type Mount, type MountNamespace, withBelow } from "../../fs/vfs/mount.ts";
import { hexInt, ptr, size } from "../../syscall/arg.ts";
import { flags } from "../../syscall/arg-flags.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { attributesOf } from "./attributes.ts";
import { readSized } from "./sized.ts";
import { isBelow, MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE } from "./tree.ts";

const SIZE = statmountStruct.size(x64);
const MAX_IDS = 1_000_000;

interface Request {
  readonly id: bigint;
  readonly param: bigint;
  readonly namespace: MountNamespace;
}
/** The namespace with this number, if the caller may look into it. Linux mnt_ns_from_nsid. */
const namespaceOf = (t: Task, number: bigint): MountNamespace | undefined => {
  const own = t.namespaces.mnt;
  if (number === 0n || number === BigInt(own.number)) return own;
  for (const { namespaces } of t.kernel.tasks.values()) {
    const { mnt } = namespaces;
    if (BigInt(mnt.number) === number) return capableIn(t.cred, mnt.owner, CAP.SYS_ADMIN) ? mnt : undefined;
  }
  return undefined;
};
/** Linux copy_mnt_id_req(). */
const request = (t: Task, at: VAddr): Request | number => {
  const given = t.mem.u32(at);
  if (given < 0) return -E.EFAULT;
  const bytes = readSized(t, at, given, MNT_ID_REQ_SIZE_VER0, mntIdReq.size(x64));
  if (typeof bytes === "number") return bytes;
  const r = mntIdReq.decode(bytes, x64);
  if (r.spare !== 0) return -E.EINVAL;
  if (r.mnt_id <= FIRST_UNIQUE_ID) return -E.EINVAL;
  const namespace = namespaceOf(t, r.mnt_ns_id);
  return namespace ? { id: r.mnt_id, param: r.param, namespace } : -E.ENOENT;
};
const mountOf = ({ namespace }: Request, id: bigint): Mount | undefined => namespace.mount(Number(id - FIRST_UNIQUE_ID));

/** The root from which paths are shown: the task's, or that of another namespace. */
const rootOf = (t: Task, { namespace }: Request): Path => (namespace === t.namespaces.mnt ? t.fs.root : namespace.root.path);
const maySee = (t: Task, r: Request, mount: Mount): boolean =>
  isBelow(mount.path, rootOf(t, r)) || capableIn(t.cred, r.namespace.owner, CAP.SYS_ADMIN);

const propagationOf = ({ peers, master, unbindable }: Mount): number => {
  const type = (peers ? MS_SHARED : 0) | (master ? MS_SLAVE : 0) | (unbindable ? MS_UNBINDABLE : 0);
  return type || MS_PRIVATE;
};

const S = STATMOUNT;
const superMask = SB.RDONLY | SB.SYNCHRONOUS | SB.DIRSYNC | SB.LAZYTIME;
/** The texts by member and mask bit. Undefined: the part is absent. */
const texts = (
  t: Task,
  r: Request,
  mount: Mount,
): readonly (readonly [keyof Values<typeof statmountStruct.fields>, number, () => string | undefined])[] => {
  const { fs } = mount;
  const root = rootOf(t, r);
  const options = (): string => (superOptions(fs) + fs.options()).slice(1);
  return [
    ["fs_type", S.FS_TYPE, () => fs.type],
    ["mnt_root", S.MNT_ROOT, () => nameInside(mount.root)],
    ["mnt_point", S.MNT_POINT, () => (isBelow(mount.path, root) ? pathName(mount.path, root).name : undefined)],
    ["mnt_opts", S.MNT_OPTS, () => options() || undefined],
    ["fs_subtype", S.FS_SUBTYPE, () => undefined],
    ["sb_source", S.SB_SOURCE, () => mount.source],
    [
      "opt_array",
      S.OPT_ARRAY,
      () =>
        options()
          .split(",")
          .filter((option) => option !== "")
          .join("\0") || undefined,
    ],
  ];
};
const STRINGS = S.FS_TYPE | S.MNT_ROOT | S.MNT_POINT | S.MNT_OPTS | S.FS_SUBTYPE | S.SB_SOURCE | S.OPT_ARRAY | S.OPT_SEC_ARRAY;
const SUPPORTED = Object.values(S).reduce((all, bit) => all | bit, 0);

const statmount = (t: Task, at: VAddr, buffer: VAddr, length: number, how: number): number => {
  if (how !== 0) return -E.EINVAL;
  const r = request(t, at);
  if (typeof r === "number") return r;
  const mount = mountOf(r, r.id);
  if (!mount) return -E.ENOENT;
  if (!maySee(t, r, mount)) return -E.EPERM;
  const mask = Number(BigInt.asUintN(32, r.param));
  const has = (part: number): boolean => (mask & part) !== 0;
  const v = statmountStruct.decode(new Uint8Array(SIZE), x64);
  let shown = mask & (S.SB_BASIC | S.MNT_BASIC | S.PROPAGATE_FROM | S.MNT_NS_ID | S.SUPPORTED_MASK);
  const { fs, namespace, parent, peers, master } = mount;
  if (has(S.SB_BASIC)) {
    const readOnly = fs.readOnly ? SB.RDONLY : 0;
    Object.assign(v, {
      sb_dev_major: major(fs.dev),
      sb_dev_minor: minor(fs.dev),
      sb_magic: BigInt(fs.magic),
      sb_flags: (fs.superFlags & superMask) | readOnly,
    });
  }
  if (has(S.MNT_BASIC)) {
    v.mnt_id = mount.uniqueId;
    v.mnt_parent_id = (parent ?? mount).uniqueId;
    v.mnt_id_old = mount.id;
    v.mnt_parent_id_old = (parent ?? mount).id;
    v.mnt_attr = BigInt(attributesOf(mount.flags));
    v.mnt_propagation = BigInt(propagationOf(mount));
    v.mnt_peer_group = BigInt(peers?.id ?? 0);
    v.mnt_master = BigInt(master?.id ?? 0);
  }
  if (has(S.PROPAGATE_FROM)) v.propagate_from = BigInt(dominatingGroup(mount, rootOf(t, r))?.id ?? 0);
  if (has(S.MNT_NS_ID)) v.mnt_ns_id = BigInt(namespace?.number ?? 0);
  if (has(S.SUPPORTED_MASK)) v.supported_mask = BigInt(SUPPORTED);
  // Offset 0 is an empty text, which stands in front of the others.
  let text = mask & STRINGS ? "\0" : "";
  for (const [member, part, value] of texts(t, r, mount)) {
    const found = has(part) ? value() : undefined;
    if (found === undefined) continue;
    shown |= part;
    if (part === S.OPT_ARRAY) v.opt_num = found.split("\0").length;
    (v as Record<string, unknown>)[member] = text.length;
    text += `${found}\0`;
  }
  v.mask = BigInt(shown >>> 0);
  const kept = Math.min(length, SIZE);
  v.size = kept + text.length;
  if (text !== "" && length < SIZE + text.length) return -E.EOVERFLOW;
  if (!t.mem.write(buffer, statmountStruct.encode(v, x64).subarray(0, kept))) return -E.EFAULT;
  return t.mem.write(((buffer as number) + SIZE) as VAddr, asBytes(text)) ? 0 : -E.EFAULT;
};

const listmount = (t: Task, at: VAddr, ids: VAddr, count: number, how: number): number => {
  if (how & ~LISTMOUNT.LISTMOUNT_REVERSE) return -E.EINVAL;
  if (count > MAX_IDS) return -E.EOVERFLOW;
  const r = request(t, at);
  if (typeof r === "number") return r;
  const last = r.param;
  if (last !== 0n && last <= FIRST_UNIQUE_ID) return -E.EINVAL;
  const root = rootOf(t, r);
  let from: Path;
  if (r.id === LSMT_ROOT) from = root;
  else {
    const mount = mountOf(r, r.id);
    if (!mount) return -E.ENOENT;
    from = mount.path;
  }
  if (!isBelow(from, root) && !capableIn(t.cred, r.namespace.owner, CAP.SYS_ADMIN)) return -E.EPERM;
  const reverse = (how & LISTMOUNT.LISTMOUNT_REVERSE) !== 0;
  const found = withBelow(from.mount)
    .filter((mount) => (r.id === LSMT_ROOT || mount !== from.mount) && isBelow(mount.path, from))
    .map((mount) => mount.id)
    .sort((a, b) => (reverse ? b - a : a - b));
  t.kernel.charge(found.length * cost.entry);
  const after = last === 0n ? undefined : Number(last - FIRST_UNIQUE_ID);
  const rest = after === undefined ? found : found.filter((id) => (reverse ? id < after : id > after));
  const out = rest.slice(0, count);
  const bytes = new Uint8Array(new BigUint64Array(out.map((id) => FIRST_UNIQUE_ID + BigInt(id))).buffer);
  return t.mem.write(ids, bytes) ? out.length : -E.EFAULT;
};

/** Calls that list and describe mounts. man 2 statmount, listmount. */
export const statmountCalls: readonly Syscall[] = [
  syscall("statmount", { req: ptr, buf: { ...ptr, out: true }, bufsize: size, flags: hexInt }, (t, a) =>
    statmount(t, a.req, a.buf, a.bufsize, a.flags),
  ),
  syscall(
    "listmount",
    { req: ptr, mnt_ids: { ...ptr, out: true }, nr_mnt_ids: size, flags: flags("unsigned int", LISTMOUNT, "LISTMOUNT_???") },
    (t, a) => listmount(t, a.req, a.mnt_ids, a.nr_mnt_ids, a.flags),
  ),
];
