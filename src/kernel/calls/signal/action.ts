// Signal actions, masks and alternate stacks. man 2 sigaction, sigprocmask, sigaltstack; Linux
// kernel/signal.c.
import { type Abi, i386 } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E, restart } from "../../../abi/errno.ts";
import { R } from "../../../cpu/machine/state.ts";
import { wait } from "../../base/wait.ts";
import type { Result } from "../../core/result.ts";
import { NO_ALT_STACK, type Task } from "../../core/task.ts";
import { altStackState, MINSIGSTKSZ, SS } from "../../signal/alt-stack.ts";
import { setBlocked } from "../../signal/send.ts";
import { SA, SA_KNOWN, SIG_DFL, SIG_IGN, type SigAction } from "../../signal/state/action.ts";
import { has, IGNORED_BY_DEFAULT, NSIG, SIGSET_SIZE, type SigSet, sigbit, UNBLOCKABLE } from "../../signal/state/set.ts";
import { int, ptr, ulong } from "../../syscall/arg.ts";
import {
  handler,
  mask32,
  oldSigset,
  outOldSigset,
  outSigaction,
  outSigset,
  outStack,
  sigaction,
  signal,
  sigprocmaskHow,
  sigset,
  stack,
} from "../../syscall/arg-signal.ts";
import { type Syscall, syscall } from "../../syscall/declaration.ts";

/** A sigset_t in user memory. Undefined: EFAULT. */
export const readSigset = (t: Task, at: VAddr): SigSet | undefined => {
  const low = t.mem.u32(at);
  const high = t.mem.u32(at + 4);
  return low < 0 || high < 0 ? undefined : (BigInt(high) << 32n) | BigInt(low);
};
/** copy_to_user(): bytes before a missing page are written, unlike put_user()'s. */
const writeSigset = (t: Task, at: VAddr, set: SigSet): boolean => {
  scratch.setBigUint64(0, set, true);
  return t.mem.write(at, scratchBytes);
};
const scratchBytes = new Uint8Array(SIGSET_SIZE);
const scratch = new DataView(scratchBytes.buffer);
/** A sigset_t as bytes. */
export const sigsetBytes = (set: SigSet): Uint8Array => {
  const bytes = new Uint8Array(SIGSET_SIZE);
  new DataView(bytes.buffer).setBigUint64(0, set, true);
  return bytes;
};

/** Linux do_sigaction(). A signal that becomes ignored is removed from the pending ones. */
const setAction = (t: Task, sig: number, action: SigAction | undefined): number => {
  if (sig < 1 || sig > NSIG || (action && has(UNBLOCKABLE, sig))) return -E.EINVAL;
  if (!action) return 0;
  t.actions.set(sig, { ...action, mask: action.mask & ~UNBLOCKABLE });
  if (action.handler === SIG_IGN || (action.handler === SIG_DFL && has(IGNORED_BY_DEFAULT, sig))) {
    t.process.pending.discard(sigbit(sig));
    for (const thread of t.process.threads) thread.pending.discard(sigbit(sig));
  }
  return 0;
};
const KERNEL_OWN = SA.IA32_ABI | SA.X32_ABI;
const flagsFor = (flags: number, abi: Abi): number => ((flags & (SA_KNOWN & ~KERNEL_OWN)) | abi.frameFlag) >>> 0;
/** The flags without the frame bits, which only the kernel uses. */
const shownFlags = (flags: number): number => (flags & ~KERNEL_OWN) >>> 0;

/** struct sigaction of rt_sigaction: handler, flags, restorer, mask. */
const readAction = (t: Task, at: VAddr, abi: Abi): SigAction | undefined => {
  const [h, restorer] = [0, 2].map((i) => t.mem.word(at + i * abi.long, abi.long)) as [number, number];
  // The upper half of a long has no flags; C libraries extend the sign of SA_RESETHAND into it.
  const flags = t.mem.u32(at + abi.long);
  const mask = readSigset(t, (at + 3 * abi.long) as VAddr);
  if (h < 0 || flags < 0 || restorer < 0 || mask === undefined) return undefined;
  const action = { handler: h, flags: flagsFor(flags, abi), restorer, mask };
  if (Math.max(h, restorer) <= Number.MAX_SAFE_INTEGER) return action;
  const exact = [0, 2].map((i) => readSigset(t, (at + i * abi.long) as VAddr)) as [bigint, bigint];
  return { ...action, exact };
};
/** 32-bit programs get put_user() of each field, the others one copy_to_user(), which stops at a bad page. */
const writeAction = (t: Task, at: VAddr, a: SigAction, { long }: Abi): boolean => {
  const longs = [a.handler, shownFlags(a.flags), a.restorer];
  if (long === 4)
    return longs.every((value, n) => t.mem.setLong(at + n * long, value, long)) && writeSigset(t, (at + 3 * long) as VAddr, a.mask);
  const view = new DataView(new ArrayBuffer(4 * long));
  const [handler, restorer] = a.exact ?? [BigInt(a.handler), BigInt(a.restorer)];
  for (const [n, value] of [handler, BigInt(shownFlags(a.flags)), restorer, a.mask].entries()) view.setBigUint64(n * long, value, true);
  return t.mem.write(at, new Uint8Array(view.buffer));
};

const rtSigaction = (t: Task, sig: number, act: VAddr, oact: VAddr, size: number, abi: Abi): number => {
  if (size !== SIGSET_SIZE) return -E.EINVAL;
  const action = act === 0 ? undefined : readAction(t, act, abi);
  if (act !== 0 && !action) return -E.EFAULT;
  const old = sig >= 1 && sig <= NSIG ? t.actions.get(sig) : undefined;
  const result = setAction(t, sig, action);
  if (result < 0 || !old || oact === 0) return result;
  return writeAction(t, oact, old, abi) ? 0 : -E.EFAULT;
};

/** i386's old struct: handler, a mask of one word, flags, restorer. */
const oldSigaction = (t: Task, sig: number, act: VAddr, oact: VAddr, abi: Abi): number => {
  let action: SigAction | undefined;
  if (act !== 0) {
    const [h, mask, flags, restorer] = [0, 4, 8, 12].map((o) => t.mem.u32(act + o)) as [number, number, number, number];
    if (h < 0 || mask < 0 || flags < 0 || restorer < 0) return -E.EFAULT;
    action = { handler: h, flags: flagsFor(flags, abi), restorer, mask: BigInt(mask) };
  }
  const old = sig >= 1 && sig <= NSIG ? t.actions.get(sig) : undefined;
  const result = setAction(t, sig, action);
  if (result < 0 || !old || oact === 0) return result;
  const words = [old.handler, Number(old.mask & 0xffff_ffffn), shownFlags(old.flags), old.restorer];
  return words.every((w, i) => t.mem.setU32(oact + 4 * i, w)) ? 0 : -E.EFAULT;
};

/** signal(2) with System V semantics: the handler runs once. */
const oldSignal = (t: Task, sig: number, h: number, abi: Abi): number => {
  const old = sig >= 1 && sig <= NSIG ? t.actions.get(sig) : undefined;
  const result = setAction(t, sig, { handler: h, flags: flagsFor((SA.RESETHAND | SA.NODEFER) >>> 0, abi), restorer: 0, mask: 0n });
  return result < 0 || !old ? result : old.handler;
};

const BLOCK = 0;
const UNBLOCK = 1;
const SETMASK = 2;
const changeMask = (t: Task, how: number, set: SigSet): number => {
  if (how === BLOCK) setBlocked(t, t.blocked | set);
  else if (how === UNBLOCK) setBlocked(t, t.blocked & ~set);
  else if (how === SETMASK) setBlocked(t, set);
  else return -E.EINVAL;
  return 0;
};

const rtSigprocmask = (t: Task, how: number, set: VAddr, oset: VAddr, size: number): number => {
  if (size !== SIGSET_SIZE) return -E.EINVAL;
  const old = t.blocked;
  if (set !== 0) {
    const wanted = readSigset(t, set);
    if (wanted === undefined) return -E.EFAULT;
    const result = changeMask(t, how, wanted);
    if (result < 0) return result;
  }
  return oset === 0 || writeSigset(t, oset, old) ? 0 : -E.EFAULT;
};

/** The signals of a mask of one word. */
const LOW = 0xffff_ffffn;
const oldSigprocmask = (t: Task, how: number, set: VAddr, oset: VAddr): number => {
  const old = Number(t.blocked & LOW);
  if (set !== 0) {
    const word = t.mem.u32(set);
    if (word < 0) return -E.EFAULT;
    const result = changeMask(t, how, how === SETMASK ? (t.blocked & ~LOW) | BigInt(word) : BigInt(word));
    if (result < 0) return result;
  }
  return oset === 0 || t.mem.setU32(oset, old) ? 0 : -E.EFAULT;
};

/**
 * Sleeps with another mask. The old one returns with a handler's frame, or if no signal is delivered. Linux
 * sigsuspend().
 */
export const suspendWith = (t: Task, mask: SigSet): Result => {
  if (!t.waited.data) {
    t.savedMask = t.blocked;
    setBlocked(t, mask);
    t.waited.data = { suspended: true };
  }
  return wait([], { interrupted: restart.ERESTARTNOHAND });
};

const rtSigsuspend = (t: Task, set: VAddr, size: number): Result => {
  if (size !== SIGSET_SIZE) return -E.EINVAL;
  const mask = readSigset(t, set);
  return mask === undefined ? -E.EFAULT : suspendWith(t, mask);
};

const pendingSet = (t: Task): SigSet => (t.pending.set | t.process.pending.set) & t.blocked;

/** Linux do_sigaltstack(). The state of the old stack depends on the stack pointer `current`. 0 or -errno. */
export const setAltStack = (t: Task, sp: number, flags: number, size: number, current: number): number => {
  if (altStackState(t.altStack, current) === SS.ONSTACK) return -E.EPERM;
  const mode = (flags & ~SS.AUTODISARM) >>> 0;
  if (mode !== SS.DISABLE && mode !== SS.ONSTACK && mode !== 0) return -E.EINVAL;
  // A request without a change is not checked.
  const { altStack: now } = t;
  if (now.sp === sp && now.size === size && now.flags >>> 0 === flags >>> 0) return 0;
  if (mode === SS.DISABLE) t.altStack = { ...NO_ALT_STACK, flags: flags >>> 0 };
  else if (size < MINSIGSTKSZ) return -E.ENOMEM;
  else t.altStack = { sp, size, flags: flags >>> 0 };
  return 0;
};

const sigaltstack = (t: Task, ss: VAddr, oss: VAddr, abi: Abi): number => {
  const { mem, altStack: old } = t;
  const { long } = abi;
  const { state } = t.kernel.processor;
  const current = long === 4 ? state.lo(R.sp) : state.gpr(R.sp);
  if (ss !== 0) {
    const sp = mem.word(ss, long);
    const flags = mem.u32(ss + long);
    const size = mem.word(ss + 2 * long, long);
    if (sp < 0 || flags < 0 || size < 0) return -E.EFAULT;
    const result = setAltStack(t, sp, flags, size, current);
    if (result < 0) return result;
  }
  if (oss === 0) return 0;
  const flags = ((old.flags & SS.AUTODISARM) | altStackState(old, current)) >>> 0;
  // copy_to_user() writes the padding too.
  const bytes = new Uint8Array(3 * long);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of [[0, old.sp] as const, [2 * long, old.size] as const]) {
    view.setUint32(at, value, true);
    if (long === 8) view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  }
  view.setUint32(long, flags, true);
  return mem.write(oss, bytes) ? 0 : -E.EFAULT;
};

/** Calls on actions, masks and alternate stacks. man 2 sigaction, sigprocmask, sigaltstack. */
export const signalCalls: readonly Syscall[] = [
  syscall("rt_sigaction", { sig: signal, act: sigaction, oact: outSigaction, sigsetsize: ulong }, (t, a, abi) =>
    rtSigaction(t, a.sig, a.act, a.oact, a.sigsetsize, abi),
  ),
  syscall("sigaction", { sig: signal, act: ptr, oact: ptr }, (t, a, abi) => oldSigaction(t, a.sig, a.act, a.oact, abi)),
  syscall("signal", { sig: signal, handler }, (t, a, abi) => oldSignal(t, a.sig, a.handler, abi), { hexResult: true }),
  syscall("rt_sigprocmask", { how: sigprocmaskHow, set: sigset, oldset: outSigset, sigsetsize: ulong }, (t, a) =>
    rtSigprocmask(t, a.how, a.set, a.oldset, a.sigsetsize),
  ),
  syscall("sigprocmask", { how: sigprocmaskHow, set: oldSigset, oldset: outOldSigset }, (t, a) =>
    oldSigprocmask(t, a.how, a.set, a.oldset),
  ),
  // A smaller size is valid: only so many bytes are written.
  syscall("rt_sigpending", { set: outSigset, sigsetsize: ulong }, (t, a) =>
    a.sigsetsize > SIGSET_SIZE ? -E.EINVAL : t.mem.write(a.set, sigsetBytes(pendingSet(t)).subarray(0, a.sigsetsize)) ? 0 : -E.EFAULT,
  ),
  syscall("sigpending", { set: outOldSigset }, (t, a) => (t.mem.setU32(a.set, Number(pendingSet(t) & LOW)) ? 0 : -E.EFAULT)),
  syscall("rt_sigsuspend", { mask: sigset, sigsetsize: ulong }, (t, a) => rtSigsuspend(t, a.mask, a.sigsetsize)),
  syscall("sigsuspend", { unused1: int, unused2: int, mask: mask32 }, (t, a) => suspendWith(t, BigInt(a.mask)), { only: i386.name }),
  syscall("pause", {}, () => wait([], { interrupted: restart.ERESTARTNOHAND })),
  syscall("sgetmask", {}, (t) => Number(t.blocked & LOW)),
  syscall("ssetmask", { newmask: mask32 }, (t, a) => {
    const old = Number(t.blocked & LOW);
    setBlocked(t, BigInt(a.newmask));
    return old;
  }),
  syscall("sigaltstack", { ss: stack, old_ss: outStack }, (t, a, abi) => sigaltstack(t, a.ss, a.old_ss, abi)),
];
