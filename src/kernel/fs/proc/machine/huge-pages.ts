// The pool of huge pages as /proc and /sys show and change it. Linux mm/hugetlb.c;
// Documentation/admin-guide/mm/hugetlbpage.rst.

import { E } from "../../../../abi/errno.ts";
import { PAGE_SIZE } from "../../../../memory/frames.ts";
import { HUGE_SIZE, type HugePool } from "../../../../memory/huge/pool.ts";
import { ofBytes } from "../../../base/byte-string.ts";
import type { FixedTree } from "../tree/fixed-tree.ts";
import type { ProcContent } from "../tree/node.ts";

/** A number of pages. The mode of the file decides who may write it. */
const number = (read: () => number, write: (value: number) => void): ProcContent => ({
  read: () => `${read()}\n`,
  write: (_task, bytes) => {
    const text = ofBytes(bytes.subarray(0, 32)).trim();
    if (!/^\d+$/.test(text)) return -E.EINVAL;
    write(Math.min(Number(text), Number.MAX_SAFE_INTEGER));
    return bytes.length;
  },
});
const size = (pool: HugePool): ProcContent =>
  number(
    () => pool.total,
    (count) => pool.resize(count),
  );
const overcommit = (pool: HugePool): ProcContent =>
  number(
    () => pool.overcommit,
    (count) => {
      pool.overcommit = count;
    },
  );
const shown = (read: () => number): ProcContent => ({ read: () => `${read()}\n` });

/** Frames need no neighbours, so that there is nothing to compact. Linux sysctl_compaction_handler(). */
const compaction: FixedTree[string] = {
  mode: 0o200,
  write: (_task, bytes) => (/^\s*1\s*$/.test(ofBytes(bytes.subarray(0, 32))) ? bytes.length : -E.EINVAL),
};
/** Files of /proc/sys/vm. */
export const hugeSettings = (pool: HugePool): FixedTree => ({
  compact_memory: compaction,
  hugetlb_shm_group: number(
    () => pool.group,
    (group) => {
      pool.group = group;
    },
  ),
  nr_hugepages: size(pool),
  nr_hugepages_mempolicy: size(pool),
  nr_overcommit_hugepages: overcommit(pool),
});

const inFolder = (files: FixedTree): FixedTree => ({ [`hugepages-${HUGE_SIZE / 1024}kB`]: files });
/** The folder hugepages of a memory node, of which there is one. */
export const nodeHugePages = (pool: HugePool): FixedTree =>
  inFolder({ free_hugepages: shown(() => pool.free), nr_hugepages: size(pool), surplus_hugepages: shown(() => pool.surplus) });
/** /sys/kernel/mm/hugepages. */
export const hugePageFolders = (pool: HugePool): FixedTree =>
  inFolder({
    free_hugepages: shown(() => pool.free),
    nr_hugepages: size(pool),
    nr_hugepages_mempolicy: size(pool),
    nr_overcommit_hugepages: overcommit(pool),
    resv_hugepages: shown(() => pool.reserved),
    surplus_hugepages: shown(() => pool.surplus),
  });

/** The lines of /proc/meminfo. Linux hugetlb_report_meminfo(). */
export const hugeMeminfo = ({ total, free, reserved, surplus }: HugePool): string => {
  const pages = { Total: total, Free: free, Rsvd: reserved, Surp: surplus };
  const kB = { Hugepagesize: HUGE_SIZE / 1024, Hugetlb: (total * HUGE_SIZE) / 1024 };
  return [
    ...Object.entries(pages).map(([name, n]) => `${`HugePages_${name}:`.padEnd(16)}${`${n}`.padStart(8)}\n`),
    ...Object.entries(kB).map(([name, n]) => `${`${name}:`.padEnd(16)}${`${n}`.padStart(8)} kB\n`),
  ].join("");
};
/** The pages of the machine's memory that the pool has. */
export const poolPages = ({ total }: HugePool): number => (total * HUGE_SIZE) / PAGE_SIZE;
