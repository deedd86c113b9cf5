// Entries of LTP that pass natively and not inside, by family, with the reason. The run prints the reason,
// and docs/reference/syscalls.md has the table.

/** Entries with one reason. The names are expressions for whole names. */
interface Family {
  readonly names: readonly string[];
  readonly reason: string;
}

/** The families, the largest first. A name belongs to the first family that has it. */
export const rest: readonly Family[] = [
  {
    reason: "needs ext4 or xfs: ext2 is the only file system of block devices, and it has no fallocate(2) and no birth times",
    names: ["fallocate06", "file_attr0[23]", "mmap16", "statx(05|06|10)"],
  },
  {
    reason: "needs XFS or Btrfs: no file system here shares blocks of files",
    names: ["getxattr04", "ioctl_ficlone0[13]", "ioctl_ficlonerange0[12]"],
  },
  { reason: "needs 5 GiB of memory for files", names: ["sendfile09(_64)?"] },
  { reason: "no /proc/kpageflags", names: ["msync04"] },
  { reason: "a read of a file on a device costs nothing, so that readahead(2) saves nothing", names: ["readahead02"] },
  {
    reason: "ends after 60 s of the host on a loaded machine: much virtual time without a sleep",
    names: ["fcntl36(_64)?", "getcwd04", "gettimeofday02", "keyctl02", "rename14", "sendmsg02", "shmctl05", "times03"],
  },
  { reason: "calls of Linux 6.13 to 6.17, which 6.12 does not have", names: ["file_attr0[145]", "madvise12"] },
  { reason: "no tables of packet filters (iptables)", names: ["setsockopt08"] },
  { reason: "no TUN devices", names: ["ioctl03"] },
  { reason: "no performance counters", names: ["perf_event_open0[123]"] },
  { reason: "nothing is dropped or reclaimed when memory is short", names: ["mmap22"] },
];

/** The reason for which an entry does not pass inside; undefined if it is unexpected. */
export const reasonOf = (entry: string): string | undefined =>
  rest.find(({ names }) => names.some((name) => new RegExp(`^(${name})$`).test(entry)))?.reason;
