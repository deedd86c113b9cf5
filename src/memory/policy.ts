// Memory policies on a machine with one node, which is number 0. A policy changes no placement; programs read
// it back. man 7 numa; Linux mm/mempolicy.c.
import { E } from "../abi/errno.ts";
import { MPOL, MPOL_MODE } from "../abi/uapi/mempolicy.ts";
import { isPageAligned, pageAlign } from "./frames.ts";
import type { AddressSpace } from "./space.ts";
import type { Vma } from "./vma.ts";

/** A set of node numbers, a bit each. */
export type NumaNodes = bigint;
/** The nodes with memory. */
export const ONLINE: NumaNodes = 1n;
/** MAX_NUMNODES of Debian's kernel: CONFIG_NODES_SHIFT is 10. */
export const MAX_NODES = 1024;

/** A policy of a task or of a mapping. Absent: MPOL_DEFAULT. */
export interface MemoryPolicy {
  readonly mode: number;
  /** MPOL_F_* bits of the mode. */
  readonly flags: number;
  /** The nodes that it uses, and those that user code gave. */
  readonly nodes: NumaNodes;
  readonly given: NumaNodes;
  /** set_mempolicy_home_node(2). */
  readonly home?: number;
}

/** Linux __mpol_equal(). Mappings with different policies never merge. */
export const samePolicy = (a: MemoryPolicy | undefined, b: MemoryPolicy | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.mode === b.mode &&
    a.flags === b.flags &&
    a.nodes === b.nodes &&
    a.given === b.given &&
    a.home === b.home);

const { MPOL_F_STATIC_NODES: STATIC, MPOL_F_RELATIVE_NODES: RELATIVE, MPOL_F_NUMA_BALANCING: BALANCING } = MPOL_MODE;
const MODE_FLAGS = STATIC | RELATIVE | BALANCING;

/** Splits mode and flags, or -EINVAL. Linux sanitize_mpol_flags(). */
export const modeOf = (word: number): { readonly mode: number; readonly flags: number } | number => {
  const flags = word & MODE_FLAGS;
  const mode = word - flags;
  if (mode < 0 || mode > MPOL.MPOL_WEIGHTED_INTERLEAVE || (flags & (STATIC | RELATIVE)) === (STATIC | RELATIVE)) return -E.EINVAL;
  if (flags & BALANCING && mode !== MPOL.MPOL_BIND && mode !== MPOL.MPOL_PREFERRED_MANY) return -E.EINVAL;
  return { mode, flags };
};

/**
 * The policy of a mode and nodes; undefined is the default one; or -EINVAL. Linux mpol_new(),
 * mpol_set_nodemask().
 */
export const policyOf = ({ mode, flags }: { mode: number; flags: number }, given: NumaNodes): MemoryPolicy | undefined | number => {
  if (mode === MPOL.MPOL_DEFAULT) return given === 0n ? undefined : -E.EINVAL;
  const fixed = (flags & (STATIC | RELATIVE)) !== 0;
  const local = mode === MPOL.MPOL_LOCAL || (mode === MPOL.MPOL_PREFERRED && given === 0n);
  if (local) return given !== 0n || fixed ? -E.EINVAL : { mode: MPOL.MPOL_LOCAL, flags, nodes: 0n, given };
  // Relative numbers are taken modulo the number of nodes, which is 1.
  const nodes = flags & RELATIVE && given !== 0n ? ONLINE : given & ONLINE;
  return nodes === 0n ? -E.EINVAL : { mode, flags, nodes, given };
};
/** The nodes that get_mempolicy(2) reports. */
export const reportedNodes = (policy: MemoryPolicy | undefined): NumaNodes =>
  policy === undefined ? 0n : policy.flags !== 0 ? policy.given : policy.nodes;

/** Gives a range of one mapping another policy: 0 or -errno. Linux mbind_range(). */
const assign = (space: AddressSpace, start: number, end: number, policy: MemoryPolicy | undefined): number => {
  const { areas } = space;
  if (!areas.maySplit(start) || !areas.maySplit(end)) return -E.ENOMEM;
  areas.split(start);
  areas.split(end);
  const middle = areas.find(start);
  if (!middle) return 0;
  middle.policy = policy;
  areas.merge(middle);
  return 0;
};

/** The end of a range in bytes, or -EINVAL. */
const endOf = (at: number, length: number): number => {
  const end = at + pageAlign(length);
  return !isPageAligned(at) || end >= 2 ** 64 ? -E.EINVAL : end;
};
const within = (space: AddressSpace, at: number, end: number): readonly Vma[] => [...space.areas.within(at, end)];

/**
 * mbind(2): 0 or -errno. A hole in the range is -EFAULT, unless the default policy is set. Linux do_mbind().
 */
export const mbind = (space: AddressSpace, at: number, length: number, policy: MemoryPolicy | undefined | number): number => {
  const end = endOf(at, length);
  if (end < 0 || end === at) return Math.min(end, 0);
  if (typeof policy === "number") return policy;
  const areas = within(space, at, end);
  if (areas.length === 0) return -E.EFAULT;
  let next = at;
  for (const { start, end: to } of areas) {
    if (start > next && policy) return -E.EFAULT;
    next = to;
  }
  if (next < end && policy) return -E.EFAULT;
  for (const vma of areas) {
    if (samePolicy(vma.policy, policy)) continue;
    const failed = assign(space, Math.max(at, vma.start), Math.min(end, vma.end), policy);
    if (failed < 0) return failed;
  }
  return 0;
};

/** set_mempolicy_home_node(2): 0 or -errno. */
export const setHomeNode = (space: AddressSpace, at: number, length: number, node: number, flags: number): number => {
  if (flags !== 0 || node !== 0) return -E.EINVAL;
  const end = endOf(at, length);
  if (end < 0 || end === at) return Math.min(end, 0);
  let result: number = -E.ENOENT;
  for (const vma of within(space, at, end)) {
    const { policy } = vma;
    if (!policy) continue;
    if (policy.mode !== MPOL.MPOL_BIND && policy.mode !== MPOL.MPOL_PREFERRED_MANY) return -E.EOPNOTSUPP;
    result = assign(space, Math.max(at, vma.start), Math.min(end, vma.end), { ...policy, home: node });
    if (result < 0) return result;
  }
  return result;
};
