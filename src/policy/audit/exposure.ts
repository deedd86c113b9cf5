// The second part of an audit: calls that pass and that sandboxes of containers and programs usually deny.
// They are no way around this policy; they are attack surface of the kernel, and powers over other
// processes.
import { x64 } from "../../abi/abi.ts";
import { aFlag, aText, listOf, oneOf, shapeOf, takes } from "../../wants.ts";
import type { Meaningful } from "../explain/matching.ts";
import { isSystemService } from "../formats/systemd/systemd.ts";
import { aMeaning } from "../wants.ts";
import { View } from "./view.ts";

/** Sandboxes with a known list. */
export const sandboxes = ["Docker", "systemd", "Chromium", "Firecracker"] as const;
/**
 * Docker: its default profile, without more capabilities. systemd: units with
 * SystemCallFilter=@system-service. Chromium: the baseline of renderers and other sandboxed processes.
 * Firecracker: its thread vmm.
 */
export type Sandbox = (typeof sandboxes)[number];

/** A call that passes, with the sandboxes that deny it. */
export interface ExposedCall {
  readonly name: string;
  /** With some arguments only. */
  readonly restricted: boolean;
  readonly deniedBy: readonly Sandbox[];
}
/** Calls of one kind that pass. */
export interface Exposure {
  readonly reason: string;
  readonly calls: readonly ExposedCall[];
}

interface Row {
  readonly reason: string;
  /** Calls that Docker denies, too. moby profiles/seccomp/default.json of 2024 (docker.io 26.1). */
  readonly docker: string;
  /** Calls that Docker allows. */
  readonly others?: string;
}
const rows: readonly Row[] = [
  {
    reason: "they load code into the kernel or replace it",
    docker: "init_module finit_module delete_module kexec_load kexec_file_load reboot",
  },
  {
    reason: "they read or change other processes of the same user, which may have no filter",
    docker: "pidfd_getfd kcmp process_madvise",
    others: "ptrace process_vm_readv process_vm_writev process_mrelease",
  },
  {
    reason: "they change mounts and the root: a new view of the file system",
    docker: "mount umount2 pivot_root open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr",
    others: "chroot",
  },
  { reason: "they enter or make namespaces, where a program has all capabilities", docker: "unshare setns" },
  {
    reason: "requests in their rings or programs run in the kernel, where no filter sees them",
    docker: "io_uring_setup io_uring_enter io_uring_register bpf",
  },
  {
    reason: "they were the first step of many attacks on the kernel: they delay its faults, or open rarely used code",
    docker: "userfaultfd perf_event_open add_key request_key keyctl lookup_dcookie move_pages",
    others: "modify_ldt",
  },
  { reason: "they reach files by handles or watch all of a file system, beside paths", docker: "open_by_handle_at fanotify_init" },
  {
    reason: "they change the host: its clock, name, swap space, accounting, quotas and log",
    docker: "settimeofday clock_settime sethostname setdomainname swapon swapoff acct quotactl syslog vhangup",
    others: "adjtimex clock_adjtime",
  },
  { reason: "they give direct access to ports of devices", docker: "iopl ioperm" },
  { reason: "they are obsolete, and the kernel keeps their code for old programs", docker: "uselib ustat sysfs _sysctl nfsservctl" },
];
/** Linux 6.12 has io_uring in Firecracker's filter: drives with the engine Async. */
const firecrackerAllows = /^io_uring_/;

const deniersOf = (name: string, byDocker: boolean): readonly Sandbox[] =>
  sandboxes.filter((sandbox) => {
    if (sandbox === "Docker") return byDocker;
    if (sandbox === "systemd") return !isSystemService(name);
    return sandbox === "Chromium" || !firecrackerAllows.test(name);
  });

/** All calls of the table with the sandboxes that deny them. */
export const exposedCalls: readonly { readonly name: string; readonly deniedBy: readonly Sandbox[] }[] = rows.flatMap(
  ({ docker, others = "" }) => [
    ...docker.split(" ").map((name) => ({ name, deniedBy: deniersOf(name, true) })),
    ...others
      .split(" ")
      .filter(Boolean)
      .map((name) => ({ name, deniedBy: deniersOf(name, false) })),
  ],
);

/**
 * Calls that pass a policy and that sandboxes usually deny, by kind, with the sandboxes that deny each.
 *
 * @example
 * for (const { reason, calls } of exposure(policy)) console.log(reason, calls.map(({ name }) => name));
 */
export const exposure = takes("exposure", { policy: aMeaning }, (policy: Meaningful): readonly Exposure[] => {
  const view = new View(policy.diagram);
  return rows.flatMap(({ reason, docker, others = "" }): readonly Exposure[] => {
    const names = [...docker.split(" "), ...others.split(" ")].filter((name) => name !== "" && view.lets(name, x64));
    const calls = names.map((name) => ({
      name,
      restricted: view.restricts(name, x64),
      deniedBy: exposedCalls.find((call) => call.name === name)?.deniedBy ?? [],
    }));
    return calls.length === 0 ? [] : [{ reason, calls }];
  });
});

const someExposures = listOf(
  shapeOf<Exposure>("an exposure of exposure(…)", {
    reason: aText,
    calls: listOf(shapeOf<ExposedCall>("a call of an exposure", { name: aText, restricted: aFlag, deniedBy: listOf(oneOf(sandboxes)) })),
  }),
);

const MOST_COLUMNS = 108;
/** Calls with the same deniers on one line. */
const linesOf = ({ calls }: Exposure): readonly string[] => {
  const byDeniers = new Map<string, string[]>();
  for (const { name, restricted, deniedBy } of calls) {
    const key = deniedBy.join(", ");
    byDeniers.set(key, [...(byDeniers.get(key) ?? []), restricted ? `${name} (with some arguments)` : name]);
  }
  return [...byDeniers].flatMap(([deniers, names]) => {
    const lines: string[] = [];
    let line = "   ";
    for (const [i, name] of names.entries()) {
      const word = ` ${name}${i < names.length - 1 ? "," : ""}`;
      if (line.length + word.length > MOST_COLUMNS) {
        lines.push(line);
        line = "   ";
      }
      line += word;
    }
    return [...lines, line, `      denied by ${deniers}`];
  });
};
/**
 * The same as lines; empty if nothing is exposed.
 *
 * @example
 * console.log(exposureText(exposure(policy)));
 */
export const exposureText = takes("exposureText", { exposures: someExposures }, (exposures: readonly Exposure[]): string => {
  if (exposures.length === 0) return "";
  const count = exposures.reduce((sum, { calls }) => sum + calls.length, 0);
  const head = `exposure: ${count} call${count === 1 ? "" : "s"} that sandboxes usually deny pass${count === 1 ? "es" : ""}`;
  return `${[head, ...exposures.flatMap((each) => [`  ${each.reason}`, ...linesOf(each)])].join("\n")}\n`;
});
