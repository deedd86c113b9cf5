// Files of /proc on the machine's memory. It is one node with one zone: all frames lie below 4 GiB. man 5
// proc_meminfo, proc_vmstat; Linux fs/proc/meminfo.c, mm/vmstat.c, mm/show_mem.c.
import { PAGE_SIZE } from "../../../../memory/frames.ts";
import { hugePool } from "../../../../memory/huge/pool.ts";
import type { Kernel } from "../../../core/kernel.ts";
import type { FixedTree } from "../tree/fixed-tree.ts";
import { hugeMeminfo, poolPages } from "./huge-pages.ts";
import { machineUsage } from "./usage.ts";

/** The orders of free blocks. Linux NR_PAGE_ORDERS. */
const ORDERS = 11;
const ZONE = "Node 0, zone    DMA32";

/** The pages of the machine by their use. Memory of the kernel's objects is slab. */
const pages = ({
  frames,
}: Kernel): { readonly total: number; readonly free: number; readonly slab: number; readonly anonymous: number } => {
  const slab = Math.ceil(frames.account.charged / PAGE_SIZE);
  const anonymous = frames.total - frames.free - slab - poolPages(hugePool(frames));
  return { total: frames.total, free: Math.max(0, frames.free), slab, anonymous };
};

const meminfo = (kernel: Kernel): string => {
  const { total, free, slab, anonymous } = pages(kernel);
  const rows: [string, number][] = [
    ["MemTotal", total],
    ["MemFree", free],
    ["MemAvailable", free],
    ["Buffers", 0],
    ["Cached", 0],
    ["SwapCached", 0],
    ["Active", 0],
    ["Inactive", anonymous],
    ["SwapTotal", 0],
    ["SwapFree", 0],
    ["Dirty", 0],
    ["Writeback", 0],
    ["AnonPages", anonymous],
    ["Mapped", 0],
    ["Shmem", 0],
    ["Slab", slab],
    ["CommitLimit", Math.floor((total - poolPages(hugePool(kernel.frames))) / 2)],
    ["Committed_AS", slab + anonymous],
  ];
  const kB = (count: number): string => `${(count * PAGE_SIZE) / 1024}`.padStart(8);
  return rows.map(([name, count]) => `${`${name}:`.padEnd(16)}${kB(count)} kB\n`).join("") + hugeMeminfo(hugePool(kernel.frames));
};

/** Free pages as the fewest blocks of powers of 2: this memory has no fragments. */
const blocks = (free: number): number[] =>
  Array.from({ length: ORDERS }, (_, order) => (order === ORDERS - 1 ? free >>> order : (free >>> order) & 1));
const buddyinfo = (kernel: Kernel): string =>
  `${ZONE} ${blocks(pages(kernel).free)
    .map((n) => `${n}`.padStart(6))
    .join(" ")} \n`;

type Counts = Readonly<Record<string, number>>;
/** Counts of a zone, of a node, and of events since boot. */
const zoneCounts = (kernel: Kernel): Counts => {
  const { free, anonymous } = pages(kernel);
  return {
    nr_free_pages: free,
    nr_zone_inactive_anon: anonymous,
    nr_zone_active_anon: 0,
    nr_zone_inactive_file: 0,
    nr_zone_active_file: 0,
    nr_zone_unevictable: 0,
    nr_zone_write_pending: 0,
    nr_mlock: 0,
    nr_free_cma: 0,
  };
};
const nodeCounts = (kernel: Kernel): Counts => {
  const { anonymous, slab } = pages(kernel);
  return {
    nr_inactive_anon: anonymous,
    nr_active_anon: 0,
    nr_inactive_file: 0,
    nr_active_file: 0,
    nr_unevictable: 0,
    nr_slab_reclaimable: 0,
    nr_slab_unreclaimable: slab,
    nr_anon_pages: anonymous,
    nr_mapped: 0,
    nr_file_pages: 0,
    nr_dirty: 0,
    nr_writeback: 0,
    nr_shmem: 0,
    nr_anon_transparent_hugepages: 0,
    nr_kernel_stack: 0,
    nr_page_table_pages: 0,
  };
};
const eventCounts = (kernel: Kernel): Counts => ({
  pgpgin: 0,
  pgpgout: 0,
  pswpin: 0,
  pswpout: 0,
  pgfault: machineUsage(kernel).minorFaults,
  pgmajfault: 0,
  oom_kill: 0,
});
const rows = (counts: Counts, text: (name: string, count: number) => string): string =>
  Object.entries(counts)
    .map(([name, count]) => `${text(name, count)}\n`)
    .join("");
const vmstat = (kernel: Kernel): string =>
  rows({ ...zoneCounts(kernel), ...nodeCounts(kernel), ...eventCounts(kernel) }, (name, count) => `${name} ${count}`);

const zoneinfo = (kernel: Kernel): string => {
  const { total, free } = pages(kernel);
  const own = { boost: 0, min: 0, low: 0, high: 0, promo: 0, spanned: total, present: total, managed: total, cma: 0 };
  const indented = (name: string, count: number): string => `      ${name.padEnd(12)} ${count}`;
  return (
    `${ZONE}\n  per-node stats\n${rows(nodeCounts(kernel), indented)}  pages free     ${free}\n` +
    `${rows(own, (name, count) => `        ${name.padEnd(8)} ${count}`)}        protection: (0)\n${rows(zoneCounts(kernel), indented)}` +
    "  pagesets\n  node_unreclaimable:  0\n  start_pfn:           0\n"
  );
};

/** The files. Objects of the kernel have no caches, and no memory is mapped for it alone. */
export const memoryFiles = (kernel: Kernel): FixedTree => ({
  buddyinfo: { read: () => buddyinfo(kernel) },
  meminfo: { read: () => meminfo(kernel) },
  slabinfo: {
    mode: 0o400,
    isSource: false,
    read: () =>
      "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> " +
      "<batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n",
  },
  vmallocinfo: { mode: 0o400, read: () => "" },
  vmstat: { read: () => vmstat(kernel) },
  zoneinfo: { read: () => zoneinfo(kernel) },
});
