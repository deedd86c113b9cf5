// The notes of a core file: the state of the process and of each thread. Linux fs/binfmt_elf.c
// fill_note_info(), fill_files_note(); arch/x86/kernel/fpu/xstate.c dump_xsave_layout_desc().
import type { Abi } from "../../abi/abi.ts";
import { ulong } from "../../abi/struct.ts";
import { PAGE_SIZE } from "../../memory/frames.ts";
import type { Process } from "../core/process.ts";
import type { Task } from "../core/task.ts";
import { processUsage } from "../core/usage.ts";
import { readRegisters } from "../ptrace/registers.ts";
import { dumpedSets, NT } from "../ptrace/regset.ts";
import { xsaveLayout } from "../signal/fpstate.ts";
import { siginfoBytes } from "../signal/layout.ts";
import type { SigInfo } from "../signal/state/info.ts";
import { note, PRPSINFO, PRSTATUS, PSARGS_SIZE } from "./layout.ts";

/** NT_* of notes that are no register sets. Linux uapi linux/elf.h. */
const TYPE = { PRPSINFO: 3, AUXV: 6, SIGINFO: 0x5349_4749, FILE: 0x4649_4c45, XSAVE_LAYOUT: 0x205 } as const;

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const time = (ns: number): readonly [seconds: number, microseconds: number] => [Math.floor(ns / 1e9), Math.floor((ns % 1e9) / 1e3)];
const family = ({ process, ppid, pidNs }: Task): { pr_ppid: number; pr_pgrp: number; pr_sid: number } => ({
  pr_ppid: pidNs.numberOf(ppid),
  pr_pgrp: pidNs.numberOf(process.pgid),
  pr_sid: pidNs.numberOf(process.sid),
});

/** The times of the process for its leader, those of the thread for others. Linux fill_prstatus(). */
const status = (task: Task, info: SigInfo, abi: Abi): Uint8Array => {
  const { process, pidNs } = task;
  const own = task.pid === process.pid ? processUsage(process) : task.usage;
  const [utime_sec, utime_usec] = time(own.user);
  const [stime_sec, stime_usec] = time(own.system);
  const [cutime_sec, cutime_usec] = time(process.childUsage.user);
  const [cstime_sec, cstime_usec] = time(process.childUsage.system);
  const head = PRSTATUS.encode(
    {
      si_signo: info.signo,
      si_code: 0,
      si_errno: 0,
      pr_cursig: info.signo,
      pr_sigpend: task.pending.set,
      pr_sighold: task.blocked,
      pr_pid: pidNs.numberOf(task.pid),
      ...family(task),
      utime_sec,
      utime_usec,
      stime_sec,
      stime_usec,
      cutime_sec,
      cutime_usec,
      cstime_sec,
      cstime_usec,
    },
    abi,
  );
  const registers = readRegisters(task, abi.registers === 64 ? 8 : 4);
  const out = new Uint8Array(Math.ceil((head.length + registers.length + 4) / abi.long) * abi.long);
  out.set(head);
  out.set(registers, head.length);
  // pr_fpvalid.
  out[head.length + registers.length] = 1;
  return out;
};

/** PF_RANDOMIZE, PF_SIGNALED and PF_DUMPCORE. Linux include/linux/sched.h. */
const PROCESS_FLAGS = 0x40_0600n;

/** The arguments, separated by spaces. Linux fill_psinfo(). */
const argumentsOf = ({ mem }: Task): Uint8Array => {
  const text = new Uint8Array(Math.min(mem.argEnd - mem.argStart, PSARGS_SIZE - 1));
  const read = mem.peek(mem.argStart, text);
  return text.subarray(0, read).map((byte) => byte || 0x20);
};
const information = (task: Task, abi: Abi): Uint8Array =>
  PRPSINFO.encode(
    {
      pr_state: 0,
      pr_sname: "R".charCodeAt(0),
      pr_zomb: 0,
      pr_nice: task.nice & 0xff,
      pr_flag: PROCESS_FLAGS,
      pr_uid: task.cred.uid,
      pr_gid: task.cred.gid,
      pr_pid: task.pidNs.numberOf(task.process.pid),
      ...family(task),
      pr_fname: latin1(task.comm),
      pr_psargs: argumentsOf(task),
    },
    abi,
  );

/** Count, page size, and start, end and page offset of each mapping of a file; then the names. */
const files = (task: Task, abi: Abi): Uint8Array | undefined => {
  const mapped = Array.from(task.mem.mappings()).filter(({ file }) => file && !file.path.startsWith("["));
  if (mapped.length === 0) return undefined;
  const words = [mapped.length, PAGE_SIZE, ...mapped.flatMap(({ start, end, pgoff }) => [start, end, pgoff])];
  const names = mapped.map(({ file }) => latin1(`${file?.path}\0`));
  const out = new Uint8Array(words.length * abi.long + names.reduce((sum, { length }) => sum + length, 0));
  const v = new DataView(out.buffer);
  for (const [i, word] of words.entries()) ulong.put(v, i * abi.long, word, abi);
  let at = words.length * abi.long;
  for (const name of names) {
    out.set(name, at);
    at += name.length;
  }
  return out;
};

/** Notes of one thread; the first one has those of the process between. */
export const threadNotes = (task: Task, info: SigInfo, isFirst: boolean): readonly Uint8Array[] => {
  const { abi } = task.program;
  const notes = [note("CORE", NT.PRSTATUS, status(task, info, abi))];
  if (isFirst) {
    notes.push(note("CORE", TYPE.PRPSINFO, information(task, abi)));
    notes.push(note("CORE", TYPE.SIGINFO, siginfoBytes(info, abi)));
    notes.push(note("CORE", TYPE.AUXV, task.mem.auxv));
    const mapped = files(task, abi);
    if (mapped) notes.push(note("CORE", TYPE.FILE, mapped));
  }
  for (const { name, type, set } of dumpedSets[abi.registers])
    if (!set.absent?.(task) && !set.unused?.(task)) notes.push(note(name, type, set.read(task)));
  return notes;
};

/** The last note: number, size, offset and flags of each component in NT_X86_XSTATE. */
export const layoutNote = ({ kernel }: Task): readonly Uint8Array[] => {
  const layout = xsaveLayout(kernel.model.xfeatures);
  return layout.length === 0 ? [] : [note("LINUX", TYPE.XSAVE_LAYOUT, new Uint8Array(Uint32Array.from(layout.flat()).buffer))];
};

/** About the number of bytes of the notes of a process, for its account. */
export const notesWeight = ({ threads }: Process): number => threads.length * 4096 + PAGE_SIZE;
