// seccomp(2) and its prctl(2) forms. man 2 seccomp; Linux kernel/seccomp.c do_seccomp(),
// seccomp_set_mode_filter(). Numbers, flags and the order of checks belong to the profile
// (src/seccomp/profile).
import type { Abi } from "../../../abi/abi.ts";
import type { VAddr } from "../../../abi/brand.ts";
import { E } from "../../../abi/errno.ts";
import { decodeProgram, INSN_SIZE, MAX_INSNS, type Program } from "../../../seccomp/bpf/insn.ts";
import { checkCompatLock, checkFilter, checkFilterPath, Filter, isAncestor } from "../../../seccomp/filter.ts";
import type { FilterProblem } from "../../../seccomp/problem.ts";
import { type AttachStep, type FilterFlag, filterFlags, type PrctlMeaning, type SeccompProfile } from "../../../seccomp/profile/profile.ts";
import { entryWork } from "../../base/pending-work.ts";
import { filterState, MODE, strictState } from "../../base/seccomp-state.ts";
import { sizes } from "../../base/sizes.ts";
import type { Task } from "../../core/task.ts";
import { CAP, capableHere } from "../../cred/cred.ts";
import { fdLimit, install } from "../../fs/vfs/install.ts";
import { ptr } from "../../syscall/arg.ts";
import { choice, choiceText, flags } from "../../syscall/arg-flags.ts";
import { type ArgType, type ShowContext, type Syscall, syscall } from "../../syscall/declaration.ts";
import { shownPid } from "../../task/pid-namespace.ts";
import { ListenerFile } from "../../user-notif/listener-file.ts";
import { Listener } from "../../user-notif/notification.ts";

/** A filter that is being attached. Steps fill in the fields that later steps need. */
interface Attachment {
  readonly task: Task;
  readonly profile: SeccompProfile;
  readonly abi: Abi;
  readonly flags: number;
  readonly fprog: VAddr;
  length: number;
  code: number;
  program: Program;
}

const has = (a: Attachment, flag: FilterFlag): boolean => (a.flags & filterFlags[flag]) !== 0;
const headOf = (task: Task): Filter | null => task.seccomp?.filter ?? null;
const errnoOf = (problem: FilterProblem | undefined): number => (problem ? -E[problem.errno] : 0);

/** A step of attaching: 0 to go on, -errno, or (tsync) the id of a thread with another filter. */
const STEPS: Record<AttachStep, (a: Attachment) => number> = {
  mode: ({ task, profile }) => (task.seccomp && task.seccomp.mode !== MODE.FILTER ? -E[profile.modeClash] : 0),
  flags: (a) => {
    const known = a.profile.flags.reduce((bits, flag) => bits | filterFlags[flag], 0);
    if ((a.flags & ~known) !== 0) return -E.EINVAL;
    if (has(a, "TSYNC") && has(a, "NEW_LISTENER") && !has(a, "TSYNC_ESRCH")) return -E.EINVAL;
    return has(a, "WAIT_KILLABLE_RECV") && !has(a, "NEW_LISTENER") ? -E.EINVAL : 0;
  },
  // struct sock_fprog { unsigned short len; struct sock_filter *filter }, in the layout of the caller's door.
  fprog: (a) => {
    const { mem } = a.task;
    a.length = a.fprog === 0 ? -1 : mem.u16(a.fprog);
    a.code = a.length < 0 ? -1 : mem.word(a.fprog + a.abi.long, a.abi.long);
    return a.code < 0 ? -E.EFAULT : 0;
  },
  length: ({ length }) => (length === 0 || length > MAX_INSNS ? -E.EINVAL : 0),
  privilege: ({ task, profile }) => (!profile.attachPrivilege || task.noNewPrivs || capableHere(task.cred, CAP.SYS_ADMIN) ? 0 : -E.EACCES),
  null: ({ code }) => (code === 0 ? -E.EINVAL : 0),
  copy: (a) => {
    const bytes = a.task.mem.read(a.code, a.length * INSN_SIZE);
    if (!bytes) return -E.EFAULT;
    a.program = decodeProgram(bytes);
    return 0;
  },
  check: ({ profile, program }) => errnoOf(checkFilter(profile, program)),
  compat: ({ task, profile, abi }) => errnoOf(checkCompatLock(profile, headOf(task), abi.auditArch)),
  // The descriptor is made before the filter is checked further: EMFILE comes first.
  listener: (a) => (has(a, "NEW_LISTENER") && a.task.files.lowest(0) >= fdLimit(a.task) ? -E.EMFILE : 0),
  busy: (a) => (has(a, "NEW_LISTENER") && hasListener(headOf(a.task)) ? -E.EBUSY : 0),
  path: ({ task, profile, program }) => errnoOf(checkFilterPath(profile, headOf(task), program)),
  tsync: (a) => {
    if (!has(a, "TSYNC")) return 0;
    const strayed = others(a.task).find(
      (t) => t.seccomp && (t.seccomp.mode !== MODE.FILTER || !isAncestor(t.seccomp.filter, headOf(a.task))),
    );
    if (!strayed) return 0;
    return has(a, "TSYNC_ESRCH") ? -E.ESRCH : shownPid(a.task, strayed.pid);
  },
};

const others = (task: Task): Task[] => task.process.threads.filter((t) => t !== task);

const attachFilter = (task: Task, fprog: VAddr, flagWord: number, abi: Abi): number => {
  const profile = task.kernel.profile.seccomp;
  const a: Attachment = { task, profile, abi, flags: flagWord, fprog, length: 0, code: 0, program: [] };
  for (const step of profile.attachOrder) {
    const result = STEPS[step](a);
    if (result !== 0) return result;
  }
  task.kernel.garbage.tidy();
  if (!task.kernel.frames.account.canTake(sizes.filter + a.length * sizes.instruction)) return -E.ENOMEM;
  const filter = new Filter(profile, headOf(task), a.program, { arch: abi.auditArch, log: has(a, "LOG") });
  confine(task, filter);
  task.kernel.garbage.add(filter, sizes.filter + a.length * sizes.instruction);
  if (has(a, "TSYNC")) for (const thread of others(task)) synchronize(thread, task, filter);
  task.kernel.observer?.attached?.(task, filter);
  return has(a, "NEW_LISTENER") ? listen(task, filter, has(a, "WAIT_KILLABLE_RECV")) : 0;
};

/** True if a filter of the chain has a listener: a second one is refused. Linux has_duplicate_listener(). */
const hasListener = (head: Filter | null): boolean => {
  for (let f = head; f; f = f.prev) if (f.listener) return true;
  return false;
};
/** SECCOMP_FILTER_FLAG_NEW_LISTENER: the result is a descriptor. */
const listen = (task: Task, filter: Filter, waitKillable: boolean): number => {
  const listener = new Listener(task.kernel, filter, waitKillable);
  filter.listener = listener;
  return install(task, new ListenerFile(task, listener), true);
};

const confine = (task: Task, filter: Filter): void => {
  task.seccomp = filterState(filter);
  task.entryWork |= entryWork.seccomp;
};
/** Linux seccomp_sync_threads(): threads get no_new_privs with the filter. */
const synchronize = (thread: Task, from: Task, filter: Filter): void => {
  confine(thread, filter);
  if (from.noNewPrivs) thread.noNewPrivs = true;
};

/** The mode cannot be cleared. Strict mode also disables RDTSC (TIF_NOTSC). */
const setStrict = (task: Task): number => {
  if (task.seccomp && task.seccomp.mode !== MODE.STRICT) return -E[task.kernel.profile.seccomp.modeClash];
  task.seccomp = strictState;
  task.entryWork |= entryWork.seccomp;
  task.tscDisabled = true;
  task.kernel.scheduler.loadTables(task);
  return 0;
};

const actionAvailable = (task: Task, at: VAddr): number => {
  const value = task.mem.u32(at);
  if (value < 0) return -E.EFAULT;
  return task.kernel.profile.seccomp.returns.actions.some((row) => row.value === value) ? 0 : -E.EOPNOTSUPP;
};

/** sizeof seccomp_notif, seccomp_notif_resp, seccomp_data. */
const NOTIF_SIZES = [80, 24, 64] as const;

const operate = (task: Task, op: number, flagWord: number, at: VAddr, abi: Abi): number => {
  const operation = task.kernel.profile.seccomp.operations[op];
  switch (operation) {
    case "set-mode-strict":
      return flagWord !== 0 || at !== 0 ? -E.EINVAL : setStrict(task);
    case "set-mode-filter":
      return attachFilter(task, at, flagWord, abi);
    case "get-action-avail":
      return flagWord !== 0 ? -E.EINVAL : actionAvailable(task, at);
    case "get-notif-sizes":
      if (flagWord !== 0) return -E.EINVAL;
      return NOTIF_SIZES.every((size, i) => task.mem.setU16(at + 2 * i, size)) ? 0 : -E.EFAULT;
    default:
      return task.kernel.profile.seccomp.operations.length === 0 ? -E.ENOSYS : -E.EINVAL;
  }
};

/** The effects of prctl(2) in the profile's dialect. `rest` has arguments 2 to 5. */
export const seccompPrctl = (task: Task, meaning: PrctlMeaning, rest: readonly [VAddr, VAddr, VAddr, VAddr], abi: Abi): number => {
  const [arg2, arg3, arg4, arg5] = rest as readonly number[] as readonly [number, number, number, number];
  switch (meaning) {
    case "set-no-new-privs":
      if (arg2 !== 1 || arg3 !== 0 || arg4 !== 0 || arg5 !== 0) return -E.EINVAL;
      task.noNewPrivs = true;
      return 0;
    case "get-no-new-privs":
      if (arg2 !== 0 || arg3 !== 0 || arg4 !== 0 || arg5 !== 0) return -E.EINVAL;
      return task.noNewPrivs ? 1 : 0;
    case "get-seccomp":
      return task.seccomp?.mode ?? 0;
    case "attach-filter":
      return attachFilter(task, rest[0], 0, abi);
    case "set-seccomp": {
      if (arg2 === MODE.STRICT) return setStrict(task);
      // A dialect with a separate operation for filters has no mode 2 here.
      const ownNumber = Object.values(task.kernel.profile.seccomp.prctl).includes("attach-filter");
      return arg2 === MODE.FILTER && !ownNumber ? attachFilter(task, rest[1], 0, abi) : -E.EINVAL;
    }
  }
};

const MODE_NAMES = { SECCOMP_MODE_DISABLED: 0, SECCOMP_MODE_STRICT: MODE.STRICT, SECCOMP_MODE_FILTER: MODE.FILTER } as const;
/** `{len=6, filter=0x4001f0}`: a struct sock_fprog of the caller, or its address if it cannot be read. */
export const fprogText = (at: VAddr, ctx: ShowContext): string => {
  const { mem } = ctx.task;
  const length = at > 0 ? mem.u16(at) : -1;
  const filter = length < 0 ? -1 : mem.word(at + ctx.abi.long, ctx.abi.long);
  return filter < 0 ? ptr.show(at, ctx) : `{len=${length}, filter=${ptr.show(filter as VAddr, ctx)}}`;
};
/** strace's text for the arguments of PR_SET_SECCOMP: a mode, and the filter of mode 2. */
export const shownMode = (ctx: ShowContext): readonly ((v: VAddr) => string)[] => [
  (v) => choiceText(v, MODE_NAMES, "SECCOMP_MODE_???"),
  ...(ctx.all["arg2"] === MODE_NAMES.SECCOMP_MODE_FILTER ? [(v: VAddr) => fprogText(v, ctx)] : []),
];

const OPERATIONS = {
  SECCOMP_SET_MODE_STRICT: 0,
  SECCOMP_SET_MODE_FILTER: 1,
  SECCOMP_GET_ACTION_AVAIL: 2,
  SECCOMP_GET_NOTIF_SIZES: 3,
} as const;
/** The kernel fills the operand of GET_NOTIF_SIZES alone: it follows the call's line. */
const operand: ArgType<VAddr> = {
  ...ptr,
  show: (v, ctx) => {
    const { operation } = ctx.all;
    if (operation === OPERATIONS.SECCOMP_GET_NOTIF_SIZES) return "";
    return operation === OPERATIONS.SECCOMP_SET_MODE_FILTER ? fprogText(v, ctx) : ptr.show(v, ctx);
  },
  after: (v, ctx) =>
    ctx.all["operation"] === OPERATIONS.SECCOMP_GET_NOTIF_SIZES ? `, ${ctx.style.texts.notif.sizes(ctx, v) ?? ptr.show(v, ctx)}` : "",
};

const operationArg = choice("unsigned int", OPERATIONS, "SECCOMP_SET_MODE_???");
const flagArg = flags(
  "unsigned int",
  Object.fromEntries(Object.entries(filterFlags).map(([k, v]) => [`SECCOMP_FILTER_FLAG_${k}`, v])),
  "SECCOMP_FILTER_FLAG_???",
);

/** The call seccomp(2). */
export const seccompCalls: readonly Syscall[] = [
  syscall("seccomp", { operation: operationArg, flags: flagArg, args: operand }, (t, a, abi) =>
    operate(t, a.operation, a.flags, a.args, abi),
  ),
];
