// The entries of a built Linux Test Project: one of its lists of tests (runtest/*) and the programs that it
// names.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One line of a list: its name, the command, and the folders of its programs below the project's. */
export interface Entry {
  readonly name: string;
  readonly command: string;
  readonly folders: readonly string[];
}

/**
 * Programs that are not run natively, because they change the machine that runs them: its clock, its modules,
 * its swap, its mounts, its names, its limits, most of its memory.
 */
const CHANGES_THE_MACHINE =
  /^(reboot|kexec|settimeofday|clock_settime|stime|adjtimex|clock_adjtime|swapo|init_module|finit_module|delete_module|set(host|domain)name|acct|syslog|quotactl|mount|umount|pivot_root|fs(open|config|mount|pick)|move_mount|open_tree|mount_setattr|leapsec|vhangup|sysfs|iopl|ioperm|bpf|migrate_pages|move_pages|mbind|fork1[34]|oom|madvise(07|11)|ioctl_(loop|sg)|fanotify(09|1[03-9]|2)|mtest01|ksm|swapping|overcommit|min_free|max_map_count|proc_sched|cfs_band|autogroup|cpuset|zram|insmod|lock_tort|rcu_tort|tbio|tpci|block_dev|fw_load|ltp_acpi|cpufreq|af_alg08|xfrm|read_all)/;

/** The folder of every program below `folder`, by its name. */
const programs = (folder: string, below: string, found: Map<string, string>): Map<string, string> => {
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    if (entry.isDirectory()) programs(folder, `${below}/${entry.name}`, found);
    else if (entry.isFile() && /^[^.]*(\.sh)?$/.test(entry.name)) found.set(entry.name, below);
  }
  return found;
};

/** The entries of a list whose programs are built, in its order. */
export const entriesOf = (ltp: string, list: string): Entry[] => {
  const folders = programs(ltp, "testcases", new Map());
  const lines = readFileSync(join(ltp, "runtest", list), "utf8").split("\n");
  return lines.flatMap((line) => {
    const [name = "#", ...words] = line.trim().split(/\s+/);
    const named = words.filter((word) => folders.has(word));
    const built = [...new Set(named.flatMap((word) => folders.get(word) ?? []))];
    return name.startsWith("#") || named.length === 0 || named.some((word) => CHANGES_THE_MACHINE.test(word))
      ? []
      : [{ name, command: words.join(" "), folders: built }];
  });
};
