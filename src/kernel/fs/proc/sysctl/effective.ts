// Settings of /proc/sys with an effect on files, processes and names. man 5 proc_sys; Linux kernel/sysctl.c.
import { E } from "../../../../abi/errno.ts";
import type { Action } from "../../../../seccomp/returns.ts";
import { ofBytes } from "../../../base/byte-string.ts";
import { PID_MAX } from "../../../base/rlimit.ts";
import type { Kernel } from "../../../core/kernel.ts";
import type { Task } from "../../../core/task.ts";
import { CAP, capableIn } from "../../../cred/cred.ts";
import { CORE_PATTERN_MAX, coreSettingsOf } from "../../../signal/core-settings.ts";
import { roundPipeSize } from "../../files/pipe.ts";
import type { WatchLimits } from "../../files/watch-limits.ts";
import type { FixedTree } from "../tree/fixed-tree.ts";
import type { ProcContent } from "../tree/node.ts";
import { field, isAdministrator, setting } from "./setting.ts";

const INT_MAX = 0x7fff_ffff;

/** Protections of names, as /proc/sys/fs/protected_*. */
export const protections = ({ vfs }: Kernel): FixedTree => {
  const row = (key: keyof Kernel["vfs"]["protection"], max: number): ProcContent => field(() => vfs.protection, key, { min: 0, max });
  return {
    protected_hardlinks: row("hardlinks", 1),
    protected_symlinks: row("symlinks", 1),
    protected_fifos: row("fifos", 2),
    protected_regular: row("regular", 2),
  };
};

/** The name of core files. man 5 core. */
export const corePattern = (kernel: Kernel): ProcContent => ({
  read: () => `${coreSettingsOf(kernel).pattern}\n`,
  write: (task, bytes) => {
    if (!isAdministrator(task)) return -E.EPERM;
    coreSettingsOf(kernel).pattern = ofBytes(bytes.subarray(0, CORE_PATTERN_MAX)).split("\n", 1)[0] ?? "";
    return bytes.length;
  },
});

/** The last pid of the reading task's namespace; the next one follows it. Linux pid_ns_ctl_handler(). */
export const lastPid: ProcContent = setting(
  ({ pidNs, kernel }) => (pidNs.parent ? pidNs.last : kernel.lastPid),
  (value, { pidNs, kernel }) => {
    if (pidNs.parent) pidNs.last = value;
    else kernel.lastPid = value;
  },
  {
    min: 0,
    max: PID_MAX,
    mayWrite: ({ cred, pidNs: { owner } }) => capableIn(cred, owner, CAP.CHECKPOINT_RESTORE) || capableIn(cred, owner, CAP.SYS_ADMIN),
  },
);

/** Sizes of pipes; those in bytes are rounded. Linux do_proc_dopipe_max_size_conv(). */
export const pipeSettings = ({ vfs }: Kernel): FixedTree => ({
  "pipe-max-size": setting(
    () => vfs.pipes.max,
    (value) => {
      vfs.pipes.max = roundPipeSize(value);
    },
    { min: 0, max: 2 ** 31 },
  ),
  "pipe-user-pages-hard": field(() => vfs.pipes, "hard", { min: 0, max: INT_MAX }),
  "pipe-user-pages-soft": field(() => vfs.pipes, "soft", { min: 0, max: INT_MAX }),
});

/** A name in the reading task's UTS namespace. */
export const utsName = (key: "hostname" | "domainname"): ProcContent => ({
  read: (task) => `${task.namespaces.uts[key]}\n`,
  write: (task, bytes) => {
    const { uts } = task.namespaces;
    if (!capableIn(task.cred, uts.owner, CAP.SYS_ADMIN)) return -E.EPERM;
    uts[key] = ofBytes(bytes.subarray(0, 65)).split("\n", 1)[0]?.slice(0, 64) ?? "";
    return bytes.length;
  },
});

/**
 * kernel/seccomp/actions_avail and actions_logged, if the profile has them. ALLOW is never logged. The names
 * end at the first empty one (Linux kernel/seccomp.c write_actions_logged()). proc_dostring() accepts the
 * bytes that fit, and none of a write at another offset than 0 (kernel/sysctl.c, SYSCTL_WRITES_STRICT).
 */
export const seccompFiles = (kernel: Kernel): FixedTree => {
  const { seccomp } = kernel.profile;
  if (!seccomp.proc.includes("actions")) return {};
  const available = seccomp.returns.actions.map((row) => row.action);
  const read = (): string => `${available.filter((action) => kernel.seccompLogged.has(action)).join(" ")}\n`;
  const capacity = available.join(" ").length;
  const write = (task: Task, bytes: Uint8Array, at: number): number => {
    if (!isAdministrator(task)) return -E.EPERM;
    const [line = ""] = ofBytes(at === 0 ? bytes.subarray(0, capacity) : new Uint8Array(0)).split(/[\n\0]/, 1);
    const names = line.split(" ");
    const end = names.indexOf("");
    const wanted = (end < 0 ? names : names.slice(0, end)).map((name) => available.find((action) => action === name));
    if (wanted.some((action) => action === undefined || action === "allow")) return -E.EINVAL;
    kernel.seccompLogged = new Set(wanted as Action[]);
    return bytes.length;
  };
  return { seccomp: { actions_avail: { read: () => `${available.join(" ")}\n` }, actions_logged: { read, write } } };
};

/** Limits of inotify or fanotify, under their names. */
export const watchSettings = (limits: () => WatchLimits, names: Readonly<Record<"instances" | "watches" | "events", string>>): FixedTree =>
  Object.fromEntries(
    (["events", "instances", "watches"] as const).map((key) => [names[key], field(limits, key, { min: 0, max: INT_MAX })]),
  );
