// /proc/PID/numa_maps: the memory policy and the pages of each mapping. man 7 numa; Linux fs/proc/task_mmu.c
// show_numa_map(), mm/mempolicy.c mpol_to_str().
import { MPOL, MPOL_MODE } from "../../../../abi/uapi/mempolicy.ts";
import { HUGE_FRAMES } from "../../../../memory/huge/pool.ts";
import type { MemoryPolicy } from "../../../../memory/policy.ts";
import { countOf } from "../../../../memory/show/smaps.ts";
import { SPECIAL, VM } from "../../../../memory/vma.ts";
import type { Task } from "../../../core/task.ts";
import type { ProcRecord } from "../tree/node.ts";

const MODES: Readonly<Record<number, string>> = {
  [MPOL.MPOL_DEFAULT]: "default",
  [MPOL.MPOL_PREFERRED]: "prefer",
  [MPOL.MPOL_BIND]: "bind",
  [MPOL.MPOL_INTERLEAVE]: "interleave",
  [MPOL.MPOL_WEIGHTED_INTERLEAVE]: "weighted interleave",
  [MPOL.MPOL_LOCAL]: "local",
  [MPOL.MPOL_PREFERRED_MANY]: "prefer (many)",
};
const policyText = (policy: MemoryPolicy | undefined): string => {
  if (!policy) return "default";
  const { MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES } = MPOL_MODE;
  const how = policy.flags & MPOL_F_STATIC_NODES ? "=static" : policy.flags & MPOL_F_RELATIVE_NODES ? "=relative" : "";
  // There is one node, number 0.
  return `${MODES[policy.mode]}${how}${policy.nodes === 0n ? "" : ":0"}`;
};

/** The records from the first mapping that ends above `from`, each with its number of resident pages. */
export function* numaMapsFrom({ mem, memoryPolicy }: Task, from: number): Generator<ProcRecord & { pages: number }> {
  for (let vma = mem.areas.above(from); vma !== undefined; vma = mem.areas.above(vma.end)) {
    const { resident, anonymous, sharedHuge, privateHuge } = countOf(mem, vma);
    const huge = (sharedHuge + privateHuge) / HUGE_FRAMES;
    const file = vma.flags & SPECIAL ? undefined : vma.file;
    const initial =
      vma.start < mem.brk && vma.end > mem.brkStart ? " heap" : vma.start <= mem.startStack && vma.end >= mem.startStack ? " stack" : "";
    const where = file
      ? ` file=${file.path.replaceAll(/[\n\t =\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`)}`
      : initial;
    const counts = [
      anonymous > 0 ? ` anon=${anonymous} dirty=${anonymous}` : "",
      resident !== anonymous ? ` mapped=${resident}` : "",
      // No page of the program's own is moved to the list of active ones.
      anonymous > 0 ? ` active=${resident - anonymous}` : "",
      ` N0=${resident} kernelpagesize_kB=4`,
    ];
    // Huge pages count as one each.
    const ofHuge = `${vma.flags & VM.MAYSHARE ? "" : ` anon=${huge}`} dirty=${huge} N0=${huge} kernelpagesize_kB=2048`;
    const shown = vma.flags & VM.HUGETLB ? ` huge${huge > 0 ? ofHuge : ""}` : resident > 0 ? counts.join("") : "";
    const text = `${vma.start.toString(16).padStart(8, "0")} ${policyText(vma.policy ?? memoryPolicy)}${where}${shown}\n`;
    yield { text, next: vma.end, pages: resident };
  }
}
