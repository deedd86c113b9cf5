// The entries of a built Linux Test Project: its list of tests (runtest/syscalls) and the programs that it
// names.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One line of runtest/syscalls: its name, the command, and the folder of its program below the project's. */
export interface Entry {
  readonly name: string;
  readonly command: string;
  readonly folder: string;
}

/**
 * Entries that are not run natively, because they change the machine that runs them: its clock, its modules,
 * its swap, its mounts, its names.
 */
const CHANGES_THE_MACHINE =
  /^(reboot|kexec|settimeofday|clock_settime|stime|adjtimex|clock_adjtime|swapo|init_module|finit_module|delete_module|set(host|domain)name|acct|syslog|quotactl|mount|umount|pivot_root|fs(open|config|mount|pick)|move_mount|open_tree|mount_setattr|leapsec|vhangup|sysfs|iopl|ioperm|bpf|cve|migrate_pages|move_pages|mbind|fork1[34]|oom|madvise(07|11)|ioctl_(loop|sg)|fanotify(09|1[03-9]|2))/;

/** The folder of every program below `folder`, by its name. */
const programs = (folder: string, below: string, found: Map<string, string>): Map<string, string> => {
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    if (entry.isDirectory()) programs(folder, `${below}/${entry.name}`, found);
    else if (entry.isFile() && !entry.name.includes(".")) found.set(entry.name, below);
  }
  return found;
};

/** The entries whose program is built, in the order of the list. */
export const entriesOf = (ltp: string): Entry[] => {
  const folders = programs(ltp, "testcases/kernel/syscalls", new Map());
  const lines = readFileSync(join(ltp, "runtest/syscalls"), "utf8").split("\n");
  return lines.flatMap((line) => {
    const [name, ...words] = line.trim().split(/\s+/);
    const folder = folders.get(words[0] ?? "");
    return name && !name.startsWith("#") && folder !== undefined && !CHANGES_THE_MACHINE.test(name)
      ? [{ name, command: words.join(" "), folder }]
      : [];
  });
};
