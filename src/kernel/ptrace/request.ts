// The requests of ptrace(2). man 2 ptrace; Linux kernel/ptrace.c ptrace_request(), arch/x86/kernel/ptrace.c
// arch_ptrace().
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { entryWork } from "../base/pending-work.ts";
import type { Task } from "../core/task.ts";
import { SIGINFO_SIZE, siginfoBytes, siginfoFrom } from "../signal/layout.ts";
import { sendToTask, setBlocked } from "../signal/send.ts";
import { SI } from "../signal/state/info.ts";
import { NSIG, SIG } from "../signal/state/set.ts";
import { EVENT, OPTION, OPTION_MASK, type ResumeRequest, type Tracing } from "../signal/tracing.ts";
import { continuedUnderTrace, requestTrap } from "../signal/trap.ts";
import { findTask } from "../task/pid-namespace.ts";
import { attach, detach, optionError, traceMe } from "./attach.ts";
import { DebugRegisters } from "./debug-registers.ts";
import { getDispatch, setDispatch } from "./dispatch.ts";
import { getFilter, getMetadata } from "./filters.ts";
import { registerAt, registers32, registers64, withRegisters } from "./registers.ts";
import { NT, type Regset, regsets32, regsets64 } from "./regset.ts";
import { beginStep, resume } from "./stop.ts";
import { syscallInfo } from "./syscall-info.ts";
import { segmentBases, threadArea } from "./thread-area.ts";

/** PTRACE_*. Linux uapi linux/ptrace.h, asm/ptrace-abi.h. */
// biome-ignore format: table
export const REQUEST = {
  TRACEME: 0, PEEKTEXT: 1, PEEKDATA: 2, PEEKUSR: 3, POKETEXT: 4, POKEDATA: 5, POKEUSR: 6, CONT: 7, KILL: 8, SINGLESTEP: 9, GETREGS: 12,
  SETREGS: 13, GETFPREGS: 14, SETFPREGS: 15, ATTACH: 16, DETACH: 17, GETFPXREGS: 18, SETFPXREGS: 19, OLDSETOPTIONS: 21, SYSCALL: 24,
  GET_THREAD_AREA: 25, SET_THREAD_AREA: 26, ARCH_PRCTL: 30, SYSEMU: 31, SYSEMU_SINGLESTEP: 32, SINGLEBLOCK: 33, SETOPTIONS: 0x4200,
  GETEVENTMSG: 0x4201, GETSIGINFO: 0x4202, SETSIGINFO: 0x4203, GETREGSET: 0x4204, SETREGSET: 0x4205, SEIZE: 0x4206, INTERRUPT: 0x4207,
  LISTEN: 0x4208, PEEKSIGINFO: 0x4209, GETSIGMASK: 0x420a, SETSIGMASK: 0x420b, SECCOMP_GET_FILTER: 0x420c, SECCOMP_GET_METADATA: 0x420d,
  GET_SYSCALL_INFO: 0x420e, GET_RSEQ_CONFIGURATION: 0x420f,
  SET_SYSCALL_USER_DISPATCH_CONFIG: 0x4210, GET_SYSCALL_USER_DISPATCH_CONFIG: 0x4211,
} as const;

interface RequestContext {
  readonly tracer: Task;
  readonly target: Task;
  readonly trace: Tracing;
  readonly addr: number;
  readonly data: number;
  /** The word of POKEDATA, in full width. */
  readonly word: bigint;
  readonly abi: Abi;
}
type Handler = (context: RequestContext) => number;

const go =
  (mode: ResumeRequest, stepping: boolean): Handler =>
  ({ target, trace, data }) => {
    if (data < 0 || data > NSIG) return -E.EIO;
    trace.mode = mode;
    trace.stepping = stepping;
    if (mode !== "continue" || stepping) target.entryWork |= entryWork.trace;
    else target.entryWork &= ~entryWork.trace;
    if (stepping) beginStep(target, trace);
    resume(target, trace, data);
    return 0;
  };

const peek: Handler = ({ tracer, target, addr, data, abi }) => {
  const word = new Uint8Array(abi.long);
  if (target.mem.peek(addr, word) !== abi.long) return -E.EIO;
  return tracer.mem.write(data, word) ? 0 : -E.EFAULT;
};
const poke: Handler = ({ target, addr, word, abi }) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, word, true);
  return target.mem.poke(addr, bytes.subarray(0, abi.long)) === abi.long ? 0 : -E.EIO;
};

/** Size of struct user in bytes: registers, the header of a core file, the debug registers. */
const USER_SIZE = { 8: 912, 4: 284 } as const;
const DEBUG_REGISTERS = 8;
/** The number of the debug register at an offset, or -1. */
const debugRegisterAt = (long: 4 | 8, addr: number): number => {
  const n = Math.floor(addr / long) - (USER_SIZE[long] / long - DEBUG_REGISTERS);
  return n >= 0 && n < DEBUG_REGISTERS ? n : -1;
};
/**
 * True for an offset that no word of struct user has. With 4-byte words odd offsets of debug registers are
 * valid, and so is the end of the structure. Linux getreg32(), putreg32(); arch_ptrace().
 */
const isOutside = (long: 4 | 8, addr: number): boolean => {
  const size = USER_SIZE[long];
  if (long === 8) return addr % 8 !== 0 || addr < 0 || addr >= size;
  return addr < 0 || addr > size || (addr % 4 !== 0 && (addr < size - 4 * DEBUG_REGISTERS || addr > size - 4));
};
const peekUser: Handler = ({ tracer, target, addr, data, abi }) => {
  const { long } = abi;
  if (isOutside(long, addr)) return -E.EIO;
  const register = registerAt(long === 8 ? registers64 : registers32, long, addr);
  const n = debugRegisterAt(long, addr);
  const value =
    n >= 0 ? (target.debug ?? new DebugRegisters()).get(n) : register ? withRegisters(target, (cpu) => register.get(target, cpu)) : 0n;
  const out = new DataView(new ArrayBuffer(8));
  out.setBigUint64(0, value, true);
  return tracer.mem.write(data, new Uint8Array(out.buffer, 0, long)) ? 0 : -E.EFAULT;
};
const pokeUser: Handler = ({ target, addr, word, abi }) => {
  const { long } = abi;
  if (isOutside(long, addr)) return -E.EIO;
  const register = registerAt(long === 8 ? registers64 : registers32, long, addr);
  const n = debugRegisterAt(long, addr);
  if (n >= 0) return (target.debug ??= new DebugRegisters()).set(n, long === 8 ? word : BigInt.asUintN(32, word));
  if (!register) return 0;
  return withRegisters(target, (cpu) => register.put(target, cpu, long === 8 ? word : BigInt.asUintN(32, word)));
};

const setOptions: Handler = ({ tracer, trace, data }) => {
  const failed = optionError(tracer, data);
  if (failed === 0) trace.options = data;
  return failed;
};

const getSigInfo: Handler = ({ tracer, trace, data, abi }) => {
  const info = trace.stop?.info;
  if (!info) return -E.EINVAL;
  return tracer.mem.write(data, siginfoBytes(info, abi)) ? 0 : -E.EFAULT;
};
const setSigInfo: Handler = ({ tracer, trace, data, abi }) => {
  const bytes = tracer.mem.read(data, SIGINFO_SIZE);
  if (!bytes) return -E.EFAULT;
  if (!trace.stop?.info) return -E.EINVAL;
  const signo = new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
  trace.stop.info = siginfoFrom(signo, bytes, abi);
  return 0;
};

/** GETREGSET and SETREGSET: `data` is the address of an iovec, whose length becomes the copied size. */
const regset =
  (write: boolean): Handler =>
  ({ tracer, target, addr, data, abi }) => {
    const base = tracer.mem.word(data, abi.long);
    const capacity = tracer.mem.word(data + abi.long, abi.long);
    if (base < 0 || capacity < 0) return -E.EFAULT;
    const wide = new DataView(target.registers.buffer).getUint32(0xb0, true) === 64;
    const set = (wide ? regsets64 : regsets32)[addr];
    if (!set || capacity % set.size !== 0) return -E.EINVAL;
    if (set.absent?.(target)) return -E.ENODEV;
    const moved = moveSet(set, write, tracer, target, base, capacity);
    if (moved < 0) return moved;
    return tracer.mem.setLong(data + abi.long, moved, abi.long) ? 0 : -E.EFAULT;
  };
const moveSet = (set: Regset, write: boolean, tracer: Task, target: Task, base: number, capacity: number): number => {
  const all = set.read(target);
  const n = Math.min(capacity, all.length);
  if (!write) return tracer.mem.write(base, all.subarray(0, n)) ? n : -E.EFAULT;
  const bytes = tracer.mem.read(base, n);
  if (!bytes) return -E.EFAULT;
  const failed = set.write(target, bytes.slice());
  return failed !== 0 ? failed : n;
};
/** The older requests, which copy a whole set of the caller's ABI. */
const wholeSet =
  (write: boolean, type: number): Handler =>
  ({ tracer, target, data, abi }) => {
    const set = (abi.long === 8 ? regsets64 : regsets32)[type];
    if (!set) return -E.EIO;
    const moved = moveSet(set, write, tracer, target, data, Infinity);
    return Math.min(moved, 0);
  };

const getSigMask: Handler = ({ tracer, target, addr, data }) => {
  if (addr !== 8) return -E.EINVAL;
  const out = new DataView(new ArrayBuffer(8));
  out.setBigUint64(0, target.savedMask ?? target.blocked, true);
  return tracer.mem.write(data, new Uint8Array(out.buffer)) ? 0 : -E.EFAULT;
};
const setSigMask: Handler = ({ tracer, target, addr, data }) => {
  if (addr !== 8) return -E.EINVAL;
  const bytes = tracer.mem.read(data, 8);
  if (!bytes) return -E.EFAULT;
  target.savedMask = undefined;
  setBlocked(target, new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return 0;
};

/** struct ptrace_peeksiginfo_args { u64 off; u32 flags; s32 nr; } */
const PEEK_SHARED = 1;
const peekSigInfo: Handler = ({ tracer, target, addr, data, abi }) => {
  const bytes = tracer.mem.read(addr, 16);
  if (!bytes) return -E.EFAULT;
  const v = new DataView(bytes.buffer, bytes.byteOffset);
  const flags = v.getUint32(8, true);
  const count = v.getInt32(12, true);
  if ((flags & ~PEEK_SHARED) !== 0 || count < 0) return -E.EINVAL;
  const { queue } = (flags & PEEK_SHARED) !== 0 ? target.process.pending : target.pending;
  const wanted = queue.slice(Number(v.getBigUint64(0, true))).slice(0, count);
  for (const [i, info] of wanted.entries())
    if (!tracer.mem.write(data + i * SIGINFO_SIZE, siginfoBytes(info, abi))) return i > 0 ? i : -E.EFAULT;
  return wanted.length;
};

const getEventMessage: Handler = ({ tracer, trace, data, abi }) => (tracer.mem.setLong(data, trace.message, abi.long) ? 0 : -E.EFAULT);

const getSyscallInfo: Handler = ({ tracer, target, trace, addr, data }) => {
  const info = syscallInfo(target, trace);
  return tracer.mem.write(data, info.subarray(0, Math.min(addr, info.length))) ? info.length : -E.EFAULT;
};

/** struct ptrace_rseq_configuration. The result is its size; `addr` bytes of it are written at most. */
const RSEQ_CONFIGURATION = 24;
const getRseqConfiguration: Handler = ({ tracer, target: { rseq }, addr, data }) => {
  const out = new DataView(new ArrayBuffer(RSEQ_CONFIGURATION));
  out.setBigUint64(0, BigInt(rseq?.area ?? 0), true);
  out.setUint32(8, rseq?.size ?? 0, true);
  out.setUint32(12, rseq?.signature ?? 0, true);
  return tracer.mem.write(data, new Uint8Array(out.buffer, 0, Math.min(addr, RSEQ_CONFIGURATION))) ? RSEQ_CONFIGURATION : -E.EFAULT;
};

const listen: Handler = ({ target, trace }) => {
  const code = trace.stop?.code ?? 0;
  if (!trace.seized || code >> 8 !== EVENT.STOP) return -E.EIO;
  trace.listening = true;
  // SIGCONT between the stop and this call: the task stops again at once. Linux JOBCTL_TRAP_NOTIFY.
  if ((code & 0xff) !== SIG.SIGTRAP && !target.process.stopped) continuedUnderTrace(target, trace);
  return 0;
};
const interruptTask: Handler = ({ target, trace }) => {
  if (!trace.seized) return -E.EIO;
  if (trace.listening) {
    trace.listening = false;
    if (trace.stop) trace.stop.reported = false;
    trace.tracer.process.childEvents.wake();
  } else if (trace.stop?.kind !== "group") requestTrap(target, trace, SIG.SIGTRAP);
  return 0;
};

/** Requests that require a stopped target. */
const STOPPED: Readonly<Record<number, Handler>> = {
  [REQUEST.PEEKTEXT]: peek,
  [REQUEST.PEEKDATA]: peek,
  [REQUEST.POKETEXT]: poke,
  [REQUEST.POKEDATA]: poke,
  [REQUEST.PEEKUSR]: peekUser,
  [REQUEST.POKEUSR]: pokeUser,
  [REQUEST.CONT]: go("continue", false),
  [REQUEST.SYSCALL]: go("syscall", false),
  [REQUEST.SINGLESTEP]: go("continue", true),
  [REQUEST.SYSEMU]: go("emulate", false),
  [REQUEST.SYSEMU_SINGLESTEP]: go("emulate", true),
  [REQUEST.DETACH]: ({ target, data }) => {
    if (data < 0 || data > NSIG) return -E.EIO;
    detach(target, data);
    return 0;
  },
  [REQUEST.GETREGS]: wholeSet(false, NT.PRSTATUS),
  [REQUEST.SETREGS]: wholeSet(true, NT.PRSTATUS),
  [REQUEST.GETFPREGS]: wholeSet(false, NT.PRFPREG),
  [REQUEST.SETFPREGS]: wholeSet(true, NT.PRFPREG),
  [REQUEST.GETFPXREGS]: wholeSet(false, NT.PRXFPREG),
  [REQUEST.SETFPXREGS]: wholeSet(true, NT.PRXFPREG),
  [REQUEST.GETREGSET]: regset(false),
  [REQUEST.SETREGSET]: regset(true),
  [REQUEST.GET_THREAD_AREA]: ({ tracer, target, addr, data }) => threadArea(false, tracer, target, addr, data),
  [REQUEST.SET_THREAD_AREA]: ({ tracer, target, addr, data }) => threadArea(true, tracer, target, addr, data),
  [REQUEST.ARCH_PRCTL]: ({ tracer, target, addr, data, abi }) => segmentBases(tracer, target, data, addr, abi),
  [REQUEST.SETOPTIONS]: setOptions,
  [REQUEST.OLDSETOPTIONS]: setOptions,
  [REQUEST.GETEVENTMSG]: getEventMessage,
  [REQUEST.GETSIGINFO]: getSigInfo,
  [REQUEST.SETSIGINFO]: setSigInfo,
  [REQUEST.PEEKSIGINFO]: peekSigInfo,
  [REQUEST.GETSIGMASK]: getSigMask,
  [REQUEST.SETSIGMASK]: setSigMask,
  [REQUEST.LISTEN]: listen,
  [REQUEST.GET_SYSCALL_INFO]: getSyscallInfo,
  [REQUEST.GET_RSEQ_CONFIGURATION]: getRseqConfiguration,
  [REQUEST.SET_SYSCALL_USER_DISPATCH_CONFIG]: ({ tracer, target, addr, data }) => setDispatch(tracer, target, addr, data),
  [REQUEST.GET_SYSCALL_USER_DISPATCH_CONFIG]: ({ tracer, target, addr, data }) => getDispatch(tracer, target, addr, data),
  [REQUEST.SECCOMP_GET_FILTER]: ({ tracer, target, addr, data }) => getFilter(tracer, target, addr, data),
  [REQUEST.SECCOMP_GET_METADATA]: ({ tracer, target, addr, data }) => getMetadata(tracer, target, addr, data),
};
/** Requests that are possible at any time. */
const RUNNING: Readonly<Record<number, Handler>> = {
  [REQUEST.KILL]: ({ target }) => {
    sendToTask(target, { signo: SIG.SIGKILL, code: SI.USER });
    return 0;
  },
  [REQUEST.INTERRUPT]: interruptTask,
};

/** PTRACE_SEIZE: addr must be 0; unknown options are EIO. */
const seize = (tracer: Task, target: Task, addr: number, options: number): number => {
  if (addr !== 0 || (options & ~OPTION_MASK) !== 0) return -E.EIO;
  const features = tracer.kernel.profile.seccomp.ptrace;
  if ((options & OPTION.SUSPEND_SECCOMP) !== 0 && !features.includes("suspend")) return -E.EIO;
  // Before the fix of CVE-2022-30594 PTRACE_SEIZE did not check the right to suspend seccomp.
  const checked = features.includes("suspend-checked-in-seize");
  return (checked ? optionError(tracer, options) : 0) || attach(tracer, target, true, options);
};

/** Serve ptrace(2). A result of 0 or more, or -errno. `word` is `data` in full width. */
export const ptrace = (tracer: Task, request: number, pid: number, addr: number, data: number, word: bigint, abi: Abi): number => {
  if (request === REQUEST.TRACEME) return traceMe(tracer);
  const target = findTask(tracer, pid);
  if (!target) return -E.ESRCH;
  if (request === REQUEST.ATTACH) return attach(tracer, target, false, 0);
  if (request === REQUEST.SEIZE) return seize(tracer, target, addr, data);
  const { trace } = target;
  if (!trace || trace.tracer !== tracer) return -E.ESRCH;
  const context = { tracer, target, trace, addr, data, word, abi };
  const anyTime = RUNNING[request];
  if (anyTime) return anyTime(context);
  if (!trace.stop || trace.listening) return -E.ESRCH;
  return STOPPED[request]?.(context) ?? -E.EIO;
};
