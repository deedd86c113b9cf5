// Block devices in /sys: their sizes, counts of accesses and, of a loop device, its file. Linux
// Documentation/ABI/stable/sysfs-block, sysfs-block-loop.
import type { Loop } from "../files/loop-device.ts";
import { FLAGS } from "../files/loop-device.ts";
import type { FixedTree } from "../proc/tree/fixed-tree.ts";
import type { ProcContent } from "../proc/tree/node.ts";
import { pathName } from "../vfs/dentry.ts";
import { major, minor } from "../vfs/mode.ts";

const now = (value: () => string | number): ProcContent => ({ read: () => `${value()}\n` });
const constant = (value: string | number): ProcContent => now(() => value);
const flag = (loop: Loop, which: number): ProcContent => now(() => Number((loop.flags & which) !== 0));

/** Linux part_stat_show(): reads, writes, discards, flushes, each with times, which are 0 here. */
const stat = ({ reads, writes, ticks }: Loop): string =>
  [reads.calls, 0, reads.sectors, 0, writes.calls, 0, writes.sectors, 0, 0, ticks, 0, 0, 0, 0, 0, 0, 0]
    .map((n) => `${n}`.padStart(8))
    .join(" ");

const fileOf = (loop: Loop): FixedTree => ({
  autoclear: flag(loop, FLAGS.AUTOCLEAR),
  backing_file: { read: (task) => (loop.file ? `${pathName(loop.file.path, task.fs.root).name}\n` : "") },
  dio: flag(loop, FLAGS.DIRECT_IO),
  offset: now(() => loop.offset),
  partscan: flag(loop, FLAGS.PARTSCAN),
  sizelimit: now(() => loop.limit),
});

/** The directory of a loop device. Without a file it has no folder `loop`. */
export const loopTree = (loop: Loop): FixedTree => {
  const [high, low] = [major(loop.number), minor(loop.number)];
  return {
    alignment_offset: constant(0),
    capability: constant(0),
    dev: constant(`${high}:${low}`),
    discard_alignment: constant(0),
    diskseq: constant(loop.index + 1),
    ext_range: constant(256),
    hidden: constant(0),
    holders: {},
    inflight: constant("       0        0"),
    ...(loop.file ? { loop: fileOf(loop) } : {}),
    queue: {
      dma_alignment: now(() => loop.blockSize - 1),
      discard_granularity: constant(4096),
      hw_sector_size: now(() => loop.blockSize),
      logical_block_size: now(() => loop.blockSize),
      max_sectors_kb: constant(1280),
      minimum_io_size: now(() => loop.blockSize),
      optimal_io_size: constant(0),
      physical_block_size: now(() => loop.blockSize),
      read_ahead_kb: now(() => loop.readAhead / 2),
      rotational: constant(0),
      scheduler: constant("none"),
      zoned: constant("none"),
    },
    range: constant(1),
    removable: constant(0),
    ro: now(() => Number(loop.readOnly)),
    size: now(() => loop.size / 512),
    slaves: {},
    stat: now(() => stat(loop)),
    subsystem: { to: "../../../../class/block" },
    uevent: constant(`MAJOR=${high}\nMINOR=${low}\nDEVNAME=loop${low}\nDEVTYPE=disk\nDISKSEQ=${loop.index + 1}`),
  };
};
