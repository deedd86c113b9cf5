// Access to devices by the programs of control groups. Linux kernel/bpf/cgroup.c
// __cgroup_bpf_check_dev_permission(), compute_effective_progs(); security/device_cgroup.c.

import { E } from "../../abi/errno.ts";
import { major, minor, S_IFBLK, S_IFCHR } from "../../abi/uapi/stat.ts";
import { sizes } from "../base/sizes.ts";
import type { Task } from "../core/task.ts";
import type { Cgroup } from "./cgroup.ts";
import type { DeviceProgram } from "./device-program.ts";

/** Bits of an access. Linux BPF_DEVCG_ACC_*. */
export const ACCESS = { mknod: 1, read: 2, write: 4 } as const;
const BLOCK = 1;
const CHAR = 2;
/** The most programs of one group. Linux BPF_CGROUP_MAX_PROGS. */
const MAX_PROGRAMS = 64;
/** BPF_F_ALLOW_OVERRIDE: a program of a group below replaces this one. */
export const ALLOW_OVERRIDE = 1;
/** BPF_F_ALLOW_MULTI: programs of groups below run as well. */
export const ALLOW_MULTI = 2;

/** The host memory of a program in bytes. An attachment is charged, and so is a descriptor. */
export const programWeight = (program: DeviceProgram): number => sizes.deviceProgram + program.length * 96;

/** The programs that a group and its ancestors have together. */
export const effective = (group: Cgroup): DeviceProgram[] => {
  const all: DeviceProgram[] = [];
  for (const g of group.up()) if (all.length === 0 || g.devices.flags & ALLOW_MULTI) all.push(...g.devices.programs);
  return all;
};

/** 0, or -EPERM if a program refuses. `type` is the S_IFMT part of the mode. */
export const mayUseDevice = (task: Task, type: number, rdev: number, access: number): number => {
  const { cgroup } = task.process;
  if (!cgroup.hasDevicePrograms || (type !== S_IFCHR && type !== S_IFBLK)) return 0;
  const context = [(access << 16) | (type === S_IFBLK ? BLOCK : CHAR), major(rdev), minor(rdev)] as const;
  return effective(cgroup).every((program) => program.allows(context)) ? 0 : -E.EPERM;
};

/** Attaches a program: 0 or -errno. `replaces`: BPF_F_REPLACE. Linux __cgroup_bpf_attach(). */
export const attachProgram = (group: Cgroup, program: DeviceProgram, flags: number, replaces?: DeviceProgram): number => {
  const { devices } = group;
  const multi = (flags & ALLOW_MULTI) !== 0;
  for (const g of group.up()) {
    if (g === group || g.devices.programs.length === 0) continue;
    if (!(g.devices.flags & (ALLOW_MULTI | ALLOW_OVERRIDE))) return -E.EPERM;
    break;
  }
  if (devices.programs.length > 0 && devices.flags !== flags) return -E.EPERM;
  if (devices.programs.length >= MAX_PROGRAMS) return -E.E2BIG;
  if (multi && devices.programs.includes(program)) return -E.EINVAL;
  const at = replaces ? devices.programs.indexOf(replaces) : -1;
  if (replaces && at < 0) return -E.ENOENT;
  if (at >= 0) devices.programs[at] = program;
  else if (multi) devices.programs.push(program);
  else devices.programs = [program];
  devices.flags = flags;
  return 0;
};
/** Detaches a program: 0 or -ENOENT. */
export const detachProgram = ({ devices }: Cgroup, program: DeviceProgram): number => {
  const at = devices.programs.indexOf(program);
  if (at < 0) return -E.ENOENT;
  devices.programs.splice(at, 1);
  return 0;
};
