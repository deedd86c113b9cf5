// Calls on the placement of memory: one node, number 0. man 2 get_mempolicy, set_mempolicy, mbind,
// migrate_pages, move_pages; Linux mm/mempolicy.c, mm/migrate.c.
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { MPOL, MPOL_GET, MPOL_MF, MPOL_MODE } from "../../../abi/uapi/mempolicy.ts";
import { PAGE_SIZE } from "../../../memory/frames.ts";
import { MAX_NODES, mbind, modeOf, type NumaNodes, ONLINE, policyOf, reportedNodes, setHomeNode } from "../../../memory/policy.ts";
import { cost } from "../../base/cost.ts";
import { again } from "../../base/wait.ts";
import { charged } from "../../core/charged.ts";
import type { Result } from "../../core/result.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { mayAccess } from "../../cred/read-access.ts";
import { hexLong, int, ptr, ulong } from "../../syscall/arg.ts";
import { flags, flagText } from "../../syscall/arg-flags.ts";
import { address } from "../../syscall/arg-process.ts";
import { filled, given } from "../../syscall/arg-struct.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";
import { findThread } from "../../task/pid-namespace.ts";

const BITS = PAGE_SIZE * 8;
/** Nodes from user memory, or -errno. `most`: one more than the number of bits. Linux get_nodes(). */
const getNodes = (t: Task, at: VAddr, most: number, abi: Abi): NumaNodes | number => {
  const bits = most - 1;
  if (bits === 0 || at === 0) return 0n;
  if (bits < 0 || bits > BITS) return -E.EINVAL;
  const bytes = t.mem.read(at, Math.ceil(bits / (8 * abi.long)) * abi.long);
  if (!bytes) return -E.EFAULT;
  const nodes = BigInt.asUintN(
    bits,
    bytes.reduceRight((all, byte) => (all << 8n) | BigInt(byte), 0n),
  );
  return nodes >> BigInt(MAX_NODES) === 0n ? nodes : -E.EINVAL;
};
/** Linux copy_nodes_to_user(): nr_node_ids is 1, so that one word can have a bit. */
const putNodes = (t: Task, at: VAddr, most: number, nodes: NumaNodes, abi: Abi): number => {
  const size = Math.ceil((most - 1) / 64) * 8;
  if (size > PAGE_SIZE) return -E.EINVAL;
  const bytes = new Uint8Array(size);
  // A compat caller with one bit gets the word of 32 bits that has it.
  const copied = size > abi.long ? size : Math.min(size, abi.long);
  if (size > 0) bytes[0] = Number(nodes & 0xffn);
  return t.mem.write(at, bytes.subarray(0, copied)) ? 0 : -E.EFAULT;
};

const setPolicy = (t: Task, word: number, at: VAddr, most: number, abi: Abi): number => {
  const mode = modeOf(word);
  if (typeof mode === "number") return mode;
  const nodes = getNodes(t, at, most, abi);
  if (typeof nodes === "number") return nodes;
  const policy = policyOf(mode, nodes);
  if (typeof policy === "number") return policy;
  t.memoryPolicy = policy;
  return 0;
};

const ALL_GET = Object.values(MPOL_GET).reduce((a, b) => a | b, 0);
/** Mode and nodes, or -errno. Linux do_get_mempolicy(). */
const asked = (t: Task, at: number, how: number): { readonly mode: number; readonly nodes: NumaNodes } | number => {
  if (how & ~ALL_GET || how < 0) return -E.EINVAL;
  const byAddress = (how & MPOL_GET.MPOL_F_ADDR) !== 0;
  const node = (how & MPOL_GET.MPOL_F_NODE) !== 0;
  if (how & MPOL_GET.MPOL_F_MEMS_ALLOWED) return byAddress || node ? -E.EINVAL : { mode: 0, nodes: ONLINE };
  const vma = byAddress ? t.mem.find(at) : undefined;
  if (byAddress ? !vma : at !== 0) return byAddress ? -E.EFAULT : -E.EINVAL;
  const policy = byAddress ? vma?.policy : t.memoryPolicy;
  const nodes = reportedNodes(policy);
  if (!node) return { mode: policy ? policy.mode | policy.flags : MPOL.MPOL_DEFAULT, nodes };
  if (byAddress) return t.mem.peek(at, new Uint8Array(1)) === 1 ? { mode: 0, nodes } : -E.EFAULT;
  const turns = policy?.mode === MPOL.MPOL_INTERLEAVE || policy?.mode === MPOL.MPOL_WEIGHTED_INTERLEAVE;
  return turns ? { mode: 0, nodes } : -E.EINVAL;
};
const getPolicy = (t: Task, a: { mode: VAddr; nodemask: VAddr; maxnode: number; addr: number; flags: number }, abi: Abi): number => {
  if (a.nodemask !== 0 && a.maxnode < 1) return -E.EINVAL;
  const found = asked(t, a.addr, a.flags);
  if (typeof found === "number") return found;
  if (a.mode !== 0 && !t.mem.setU32(a.mode, found.mode)) return -E.EFAULT;
  return a.nodemask === 0 ? 0 : putNodes(t, a.nodemask, a.maxnode, found.nodes, abi);
};

const ALL_MF = Object.values(MPOL_MF).reduce((a, b) => a | b, 0);
const bind = (
  t: Task,
  a: { addr: number; len: number; mode: number; nodemask: VAddr; maxnode: number; flags: number },
  abi: Abi,
): number => {
  const mode = modeOf(a.mode);
  if (typeof mode === "number") return mode;
  const nodes = getNodes(t, a.nodemask, a.maxnode, abi);
  if (typeof nodes === "number") return nodes;
  if (a.flags & ~ALL_MF) return -E.EINVAL;
  if (a.flags & MPOL_MF.MPOL_MF_MOVE_ALL && !capable(t.cred, CAP.SYS_NICE)) return -E.EPERM;
  return charged(t.kernel, t.mem, () => mbind(t.mem, a.addr, a.len, policyOf(mode, nodes)));
};

/** The task of a number, 0 for the caller, or -errno. Linux find_mm_struct(). */
const target = (t: Task, pid: number): Task | number => {
  const found = pid === 0 ? t : findThread(t, pid);
  if (!found) return -E.ESRCH;
  return mayAccess(t, found) ? found : -E.EPERM;
};

/** All pages are on the only node, so none moves. Linux kernel_migrate_pages(). */
const migrate = (t: Task, a: { pid: number; maxnode: number; old_nodes: VAddr; new_nodes: VAddr }, abi: Abi): number => {
  const from = getNodes(t, a.old_nodes, a.maxnode, abi);
  if (typeof from === "number") return from;
  const to = getNodes(t, a.new_nodes, a.maxnode, abi);
  if (typeof to === "number") return to;
  const found = target(t, a.pid);
  if (typeof found === "number") return found;
  if (to & ~ONLINE && !capable(t.cred, CAP.SYS_NICE)) return -E.EPERM;
  return (to & ONLINE) === 0n ? -E.EINVAL : 0;
};

/** Pages in one piece of move_pages(2). */
const PIECE = 4096;
/** The node of a page, or -errno for its place in the status array. Linux do_pages_stat_array(). */
const nodeOf = ({ mem }: Task, at: number): number => {
  if (!mem.find(at)) return -E.EFAULT;
  return mem.table.get(at) === 0 ? -E.ENOENT : 0;
};
/** Linux kernel_move_pages(). The status array gets each page's node. */
const movePages = (
  t: Task,
  a: { pid: number; count: number; pages: VAddr; nodes: VAddr; status: VAddr; flags: number },
  abi: Abi,
): Result => {
  if (a.flags & ~(MPOL_MF.MPOL_MF_MOVE | MPOL_MF.MPOL_MF_MOVE_ALL)) return -E.EINVAL;
  if (a.flags & MPOL_MF.MPOL_MF_MOVE_ALL && !capable(t.cred, CAP.SYS_NICE)) return -E.EPERM;
  const found = target(t, a.pid);
  if (typeof found === "number") return found;
  const first = (t.waited.data as number | undefined) ?? 0;
  const end = Math.min(a.count, first + PIECE);
  t.kernel.charge((end - first) * cost.page);
  for (let i = first; i < end; i++) {
    const page = t.mem.word(a.pages + i * abi.long, abi.long);
    if (page < 0) return -E.EFAULT;
    if (a.nodes !== 0) {
      const node = t.mem.u32(a.nodes + 4 * i);
      if (node < 0) return -E.EFAULT;
      if (node !== 0) return -E.ENODEV;
    }
    if (!t.mem.setU32(a.status + 4 * i, nodeOf(found, page) >>> 0)) return -E.EFAULT;
  }
  if (end === a.count) return 0;
  t.waited.data = end;
  return again({ killable: true });
};

const modeText = (word: number): string => {
  const flags = word & Object.values(MPOL_MODE).reduce((all, bit) => all | bit, 0);
  const mode = (word ^ flags) >>> 0;
  const name = Object.keys(MPOL)[mode];
  if (name === undefined) return flags ? `${flagText(flags, MPOL_MODE)}|0x${mode.toString(16)}` : `0x${mode.toString(16)} /* MPOL_??? */`;
  return [name, ...(flags ? [flagText(flags, MPOL_MODE)] : [])].join("|");
};
const mode = { ...int, show: modeText };
const modeWord = { ...ulong, show: modeText };
const moveFlags = flags("unsigned int", MPOL_MF, "MPOL_???");

/** Calls on the placement of memory. man 2 get_mempolicy, set_mempolicy, mbind, migrate_pages, move_pages. */
export const mempolicyCalls: readonly Syscall[] = [
  syscall("set_mempolicy", { mode, nodemask: given("nodemask", "maxnode"), maxnode: ulong }, (t, a, abi) =>
    setPolicy(t, a.mode, a.nodemask, a.maxnode, abi),
  ),
  syscall(
    "get_mempolicy",
    {
      mode: filled("mempolicy_mode"),
      nodemask: filled("nodemask", "maxnode"),
      maxnode: ulong,
      addr: address,
      flags: flags("unsigned long", MPOL_GET, "MPOL_???"),
    },
    getPolicy,
  ),
  syscall(
    "mbind",
    { addr: address, len: ulong, mode: modeWord, nodemask: given("nodemask", "maxnode"), maxnode: ulong, flags: moveFlags },
    bind,
    {
      note: "a policy of shared memory belongs to the mapping, not to the file",
    },
  ),
  syscall(
    "migrate_pages",
    { pid: int, maxnode: ulong, old_nodes: given("nodemask", "maxnode"), new_nodes: given("nodemask", "maxnode") },
    migrate,
  ),
  syscall("move_pages", { pid: int, count: ulong, pages: ptr, nodes: ptr, status: ptr, flags: moveFlags }, movePages),
  syscall("set_mempolicy_home_node", { start: address, len: ulong, home_node: ulong, flags: hexLong }, (t, a) =>
    setHomeNode(t.mem, a.start, a.len, a.home_node, a.flags),
  ),
];
