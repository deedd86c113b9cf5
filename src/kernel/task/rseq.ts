// Restartable sequences: instructions of user code that must not be preempted or interrupted. Otherwise the
// kernel continues at their abort handler. man 2 rseq (librseq); Linux kernel/rseq.c, uapi linux/rseq.h.
import type { VAddr } from "../../abi/brand.ts";
import type { RestartableSequences } from "../core/settings.ts";
import type { Task } from "../core/task.ts";
import { forceSignal } from "../signal/send.ts";
import { kernelSignal } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";

/** struct rseq. Its layout is the same in all ABIs. */
const RSEQ = { cpu_id_start: 0, cpu_id: 4, rseq_cs: 8, flags: 16, node_id: 20, mm_cid: 24 } as const;
/** struct rseq_cs. */
const CS = { size: 32, version: 0, flags: 4, start_ip: 8, post_commit_offset: 16, abort_ip: 24 } as const;
/** RSEQ_CPU_ID_UNINITIALIZED */
const NO_CPU = 0xffff_ffff;

const put = (task: Task, area: number, start: number, cpu: number): boolean =>
  task.mem.setU32(area + RSEQ.cpu_id_start, start) &&
  task.mem.setU32(area + RSEQ.cpu_id, cpu) &&
  task.mem.setU32(area + RSEQ.node_id, 0) &&
  task.mem.setU32(area + RSEQ.mm_cid, 0);

/** Resets the area of a thread that unregisters. False: EFAULT. */
export const resetArea = (task: Task, area: VAddr): boolean => put(task, area, 0, NO_CPU);

const forget = (task: Task, area: number): boolean => task.mem.setU64(area + RSEQ.rseq_cs, 0, 0);

/** The thread's current sequence, if its description is valid. */
const sequence = (task: Task, at: number, signature: number): { start: number; length: number; abort: number } | undefined => {
  const bytes = task.mem.read(at, CS.size);
  if (!bytes) return undefined;
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (offset: number): number => Number(v.getBigUint64(offset, true));
  const [start, length, abort] = [word(CS.start_ip), word(CS.post_commit_offset), word(CS.abort_ip)];
  const end = task.mem.layout.taskSize;
  if (v.getUint32(CS.version, true) !== 0 || start >= end || start + length >= end || abort >= end) return undefined;
  if (abort >= start && abort < start + length) return undefined;
  // The flags that allowed a sequence to continue are rejected since Linux 6.4.
  if (v.getUint32(CS.flags, true) !== 0 || task.mem.u32(abort - 4) !== signature) return undefined;
  return { start, length, abort };
};

/** Moves rip to the abort handler if it is inside the sequence. False: the description is invalid. */
const leaveSequence = (task: Task, { area, signature }: RestartableSequences): boolean => {
  const { state } = task.kernel.processor;
  const at = task.mem.word(area + RSEQ.rseq_cs, 8);
  if (at <= 0) return at === 0;
  const found = sequence(task, at, signature);
  if (!found || task.mem.u32(area + RSEQ.flags) !== 0) return false;
  const inside = state.rip >= found.start && state.rip < found.start + found.length;
  if (!forget(task, area)) return false;
  if (inside) state.rip = found.abort;
  return true;
};

/** After a preemption, or before a frame for signal `sig`. Linux __rseq_handle_notify_resume(). */
export const restartSequence = (task: Task, sig = 0): void => {
  const { rseq } = task;
  if (!rseq || (leaveSequence(task, rseq) && put(task, rseq.area, task.cpu, task.cpu))) return;
  forceSignal(task, kernelSignal(SIG.SIGSEGV), { isFatal: sig === SIG.SIGSEGV });
};
