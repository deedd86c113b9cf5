// bpf(2), as far as container runtimes need it: programs that decide on the devices of a control group. man 2
// bpf; Linux kernel/bpf/syscall.c.

import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { O_RDWR } from "../../../abi/uapi/fcntl.ts";
import { MAX_INSNS } from "../../../seccomp/bpf/insn.ts";
import type { Cgroup } from "../../cgroup/cgroup.ts";
import { DeviceProgram } from "../../cgroup/device-program.ts";
import { ALLOW_MULTI, ALLOW_OVERRIDE, attachProgram, detachProgram, effective, programWeight } from "../../cgroup/devices.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capable } from "../../cred/cred.ts";
import { CgroupDir } from "../../fs/sys/cgroup-fs.ts";
import { FileDescription } from "../../fs/vfs/file.ts";
import { install } from "../../fs/vfs/install.ts";
import { ptr, uint } from "../../syscall/arg.ts";
import { choice } from "../../syscall/arg-flags.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";

/** Commands. Linux uapi linux/bpf.h enum bpf_cmd. */
const COMMAND = {
  BPF_MAP_CREATE: 0,
  BPF_MAP_LOOKUP_ELEM: 1,
  BPF_MAP_UPDATE_ELEM: 2,
  BPF_MAP_DELETE_ELEM: 3,
  BPF_MAP_GET_NEXT_KEY: 4,
  BPF_PROG_LOAD: 5,
  BPF_OBJ_PIN: 6,
  BPF_OBJ_GET: 7,
  BPF_PROG_ATTACH: 8,
  BPF_PROG_DETACH: 9,
  BPF_PROG_TEST_RUN: 10,
  BPF_PROG_GET_NEXT_ID: 11,
  BPF_PROG_GET_FD_BY_ID: 13,
  BPF_OBJ_GET_INFO_BY_FD: 15,
  BPF_PROG_QUERY: 16,
} as const;
/**
 * Types of programs. One of CGROUP_SKB can be loaded, which libraries try to find out if the kernel has
 * BPF_PROG_ATTACH, but not attached.
 */
const PROGRAM = { CGROUP_SKB: 8, CGROUP_DEVICE: 15 } as const;
/** Types of attachments: BPF_CGROUP_DEVICE, and the last of those for packets. */
const CGROUP_DEVICE = 6;
const CGROUP_INET_EGRESS = 1;
const F_REPLACE = 4;
const F_QUERY_EFFECTIVE = 1;
const PAGE = 4096;
const INSN = 8;

/** The file of a program. */
export class BpfProgramFile extends FileDescription {
  readonly program: DeviceProgram;
  readonly type: number;
  constructor(task: Task, program: DeviceProgram, type: number) {
    const path = task.kernel.vfs.anonymous(task, "bpf-prog");
    super(path.dentry.inode, O_RDWR, path);
    this.program = program;
    this.type = type;
  }
  override get weight(): number {
    return super.weight + programWeight(this.program);
  }
  override info(): string {
    return `prog_type:\t${this.type}\nprog_jited:\t0\nprog_id:\t${this.program.id}\n`;
  }
}

/** union bpf_attr, as far as the caller's goes. The rest is zero. */
class Attribute {
  private readonly _view: DataView;
  constructor(bytes: Uint8Array) {
    const whole = new Uint8Array(160);
    whole.set(bytes.subarray(0, 160));
    this._view = new DataView(whole.buffer);
  }
  u32(at: number): number {
    return this._view.getUint32(at, true);
  }
  address(at: number): VAddr {
    return Number(this._view.getBigUint64(at, true)) as VAddr;
  }
}

const load = (t: Task, a: Attribute): number => {
  const count = a.u32(4);
  const type = a.u32(0);
  if (type !== PROGRAM.CGROUP_DEVICE && type !== PROGRAM.CGROUP_SKB) return -E.EINVAL;
  if (count === 0 || count > MAX_INSNS) return -E.E2BIG;
  if (t.mem.cString(a.address(16), 128) === undefined) return -E.EFAULT;
  const bytes = t.mem.read(a.address(8), count * INSN);
  if (!bytes) return -E.EFAULT;
  t.kernel.charge(count * 50);
  const program = DeviceProgram.load(bytes, ++t.kernel.cgroups.lastProgram);
  return typeof program === "number" ? program : install(t, new BpfProgramFile(t, program, type), true);
};

const programOf = (t: Task, fd: number): DeviceProgram | number => {
  const file = t.files.get(fd);
  if (!file) return -E.EBADF;
  return file instanceof BpfProgramFile ? file.program : -E.EINVAL;
};
const groupOf = (t: Task, fd: number): Cgroup | number => {
  const file = t.files.getRaw(fd);
  if (!file) return -E.EBADF;
  return file.inode instanceof CgroupDir ? file.inode.group : -E.EBADF;
};

const attach = (t: Task, a: Attribute): number => {
  const flags = a.u32(12);
  const type = a.u32(8);
  if ((type !== CGROUP_DEVICE && type > CGROUP_INET_EGRESS) || flags & ~(ALLOW_OVERRIDE | ALLOW_MULTI | F_REPLACE)) return -E.EINVAL;
  if (flags & ALLOW_OVERRIDE && flags & ALLOW_MULTI) return -E.EINVAL;
  if (flags & F_REPLACE && !(flags & ALLOW_MULTI)) return -E.EINVAL;
  const program = programOf(t, a.u32(4));
  if (typeof program === "number") return program;
  const group = groupOf(t, a.u32(0));
  if (typeof group === "number") return group;
  const replaces = flags & F_REPLACE ? programOf(t, a.u32(16)) : undefined;
  if (typeof replaces === "number") return replaces;
  if (type !== CGROUP_DEVICE) return -E.EINVAL;
  const { account } = t.kernel.frames;
  const before = group.devices.programs.slice();
  if (!account.canTake(programWeight(program))) return -E.ENOMEM;
  const done = attachProgram(group, program, flags & ~F_REPLACE, replaces);
  if (done < 0) return done;
  account.force(programWeight(program));
  for (const gone of before) if (!group.devices.programs.includes(gone)) account.give(programWeight(gone));
  return 0;
};
const detach = (t: Task, a: Attribute): number => {
  if (a.u32(8) !== CGROUP_DEVICE) return -E.EINVAL;
  const group = groupOf(t, a.u32(0));
  if (typeof group === "number") return group;
  // Without ALLOW_MULTI the program need not be named.
  const only = group.devices.flags & ALLOW_MULTI ? undefined : group.devices.programs[0];
  const program = only ?? programOf(t, a.u32(4));
  if (typeof program === "number") return group.devices.programs.length === 0 ? -E.ENOENT : program;
  const done = detachProgram(group, program);
  if (done === 0) t.kernel.frames.account.give(programWeight(program));
  return done;
};

/** Offsets of the query's members: attach_flags, prog_ids, prog_cnt. */
const query = (t: Task, a: Attribute, at: VAddr): number => {
  const flags = a.u32(8);
  if (a.u32(4) !== CGROUP_DEVICE || flags & ~F_QUERY_EFFECTIVE) return -E.EINVAL;
  const group = groupOf(t, a.u32(0));
  if (typeof group === "number") return group;
  const programs = flags ? effective(group) : group.devices.programs;
  const room = a.u32(24);
  const ids = a.address(16);
  if (!t.mem.setU32(at + 12, flags ? 0 : group.devices.flags) || !t.mem.setU32(at + 24, programs.length)) return -E.EFAULT;
  if (room === 0 || ids === 0 || programs.length === 0) return 0;
  for (const [i, { id }] of programs.slice(0, room).entries()) if (!t.mem.setU32(ids + 4 * i, id)) return -E.EFAULT;
  return room < programs.length ? -E.ENOSPC : 0;
};
/** An attached program by its id. Others are found only by a descriptor. */
const byId = (t: Task, a: Attribute): number => {
  for (const group of t.kernel.cgroups.down())
    for (const program of group.devices.programs)
      if (program.id === a.u32(0)) return install(t, new BpfProgramFile(t, program, PROGRAM.CGROUP_DEVICE), true);
  return -E.ENOENT;
};

const bpf = (t: Task, command: number, at: VAddr, size: number): number => {
  // kernel.unprivileged_bpf_disabled is 2 in Debian.
  if (!capable(t.cred, CAP.BPF) && !capable(t.cred, CAP.SYS_ADMIN)) return -E.EPERM;
  if (size > PAGE) return -E.E2BIG;
  const bytes = t.mem.read(at, size);
  if (!bytes) return -E.EFAULT;
  const a = new Attribute(bytes);
  switch (command) {
    case COMMAND.BPF_PROG_LOAD:
      return load(t, a);
    case COMMAND.BPF_PROG_ATTACH:
      return attach(t, a);
    case COMMAND.BPF_PROG_DETACH:
      return detach(t, a);
    case COMMAND.BPF_PROG_QUERY:
      return query(t, a, at);
    case COMMAND.BPF_PROG_GET_FD_BY_ID:
      return byId(t, a);
  }
  return -E.EINVAL;
};

/** The call bpf(2). */
export const bpfCalls: readonly Syscall[] = [
  syscall("bpf", { cmd: choice("int", COMMAND, "BPF_???"), attr: ptr, size: uint }, (t, a) => bpf(t, a.cmd, a.attr, a.size), {
    note: "programs of type CGROUP_DEVICE without calls, maps and stack; others give EINVAL",
  }),
];
