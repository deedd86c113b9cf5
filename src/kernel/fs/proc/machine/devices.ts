// Files of /proc on the machine's devices and processors. man 5 proc; Linux fs/proc/interrupts.c, softirqs.c,
// devices.c, block/genhd.c, drivers/tty/tty_io.c, kernel/cgroup/cgroup-v1.c.

import { PAGE_SIZE } from "../../../../memory/frames.ts";
import { CONTROLLERS } from "../../../cgroup/cgroup.ts";
import type { Kernel } from "../../../core/kernel.ts";
import type { Task } from "../../../core/task.ts";
import { CAP, capable } from "../../../cred/cred.ts";
import { LOOP_CONTROL, type Loop } from "../../files/loop-device.ts";
import { characterDevices } from "../../vfs/device.ts";
import { major, minor } from "../../vfs/mode.ts";
import type { FixedTree } from "../tree/fixed-tree.ts";
import type { ProcContent } from "../tree/node.ts";

const constant = (text: string): ProcContent => ({ read: () => text });

/** Interrupts that every x86 has. Nothing interrupts here: tasks are switched without a timer. */
const INTERRUPTS = {
  NMI: "Non-maskable interrupts",
  LOC: "Local timer interrupts",
  SPU: "Spurious interrupts",
  PMI: "Performance monitoring interrupts",
  IWI: "IRQ work interrupts",
  RTR: "APIC ICR read retries",
  RES: "Rescheduling interrupts",
  CAL: "Function call interrupts",
  TLB: "TLB shootdowns",
  TRM: "Thermal event interrupts",
  THR: "Threshold APIC interrupts",
  DFR: "Deferred Error APIC interrupts",
  MCE: "Machine check exceptions",
  MCP: "Machine check polls",
} as const;
const interrupts = ({ cpus }: Kernel): string => {
  const head = `   ${Array.from({ length: cpus }, (_, n) => `        CPU${n}`.padEnd(11)).join("")}\n`;
  const zeros = `${"0".padStart(10)} `.repeat(cpus);
  const lines = Object.entries(INTERRUPTS).map(([name, text]) => `${name}: ${zeros} ${text}\n`);
  return `${head.replace("   ", "    ")}${lines.join("")}ERR: ${"0".padStart(10)}\nMIS: ${"0".padStart(10)}\n`;
};

const SOFTIRQS = ["HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"] as const;
const softirqs = ({ cpus }: Kernel): string => {
  const head = `                    ${Array.from({ length: cpus }, (_, n) => `CPU${n}`.padEnd(11)).join("")}\n`;
  return head + SOFTIRQS.map((name) => `${name.padStart(12)}:${` ${"0".padStart(10)}`.repeat(cpus)}\n`).join("");
};

/** Linux diskstats_show(): 17 counts, of which loops have the first eleven. */
const diskLine = ({ number, index, reads, writes, ticks }: Loop): string =>
  `${`${major(number)}`.padStart(4)} ${`${minor(number)}`.padStart(7)} loop${index} ` +
  `${[reads.calls, 0, reads.sectors, 0, writes.calls, 0, writes.sectors, 0, 0, ticks, 0, 0, 0, 0, 0, 0, 0].join(" ")}\n`;

/** The controllers are in the hierarchy of version 2, whose number is 0. */
const cgroups = ({ cgroups: root }: Kernel): string =>
  `#subsys_name\thierarchy\tnum_cgroups\tenabled\n${CONTROLLERS.map((name) => {
    const count = [...root.down()].filter((group) => group.controllers.includes(name)).length;
    return `${name}\t0\t${count}\t1\n`;
  }).join("")}`;

/** Addresses are shown to privileged readers alone. Linux r_show(). */
const iomem = ({ frames }: Kernel): ProcContent => ({
  read: (task: Task) => {
    const end = capable(task.cred, CAP.SYS_ADMIN) ? frames.total * PAGE_SIZE - 1 : 0;
    return `00000000-${end.toString(16).padStart(8, "0")} : System RAM\n`;
  },
});

const TTY_DRIVERS =
  "/dev/tty             /dev/tty        5       0 system:/dev/tty\n" +
  "/dev/console         /dev/console    5       1 system:console\n" +
  "/dev/ptmx            /dev/ptmx       5       2 system\n" +
  "pty_slave            /dev/pts      136 0-1048575 pty:slave\n" +
  "pty_master           /dev/ptm      128 0-1048575 pty:master\n";

/** The files. There is no bus with devices, and no port that a program could use. */
export const deviceFiles = (kernel: Kernel): FixedTree => ({
  bus: { input: { devices: constant(""), handlers: constant("") }, pci: { devices: constant("") } },
  cgroups: { read: () => cgroups(kernel) },
  diskstats: { read: () => kernel.vfs.loops.all.map(diskLine).join("") },
  dma: constant(" 4: cascade\n"),
  driver: {},
  execdomains: constant("0-0\tLinux           \t[kernel]\n"),
  fs: {},
  interrupts: { read: () => interrupts(kernel) },
  iomem: iomem(kernel),
  ioports: constant(""),
  irq: { default_smp_affinity: constant(`${(2 ** kernel.cpus - 1).toString(16)}\n`) },
  misc: constant(
    [{ rdev: LOOP_CONTROL, name: "loop-control" }, ...characterDevices(kernel)]
      .map(({ rdev, name }) => `${minor(rdev)} ${name}\n`)
      .join(""),
  ),
  softirqs: { read: () => softirqs(kernel) },
  tty: { driver: {}, drivers: constant(TTY_DRIVERS), ldisc: {}, ldiscs: constant("n_tty       0\n") },
});
