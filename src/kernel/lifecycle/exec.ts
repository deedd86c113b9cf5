// execve(2): replaces the program of a task. Linux fs/exec.c bprm_execve(), begin_new_exec(). The ELF part is
// exec/load.ts.

import { i386 } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { access } from "../../cpu/machine/mmu.ts";
import { at, EF, R, S } from "../../cpu/machine/state.ts";
import type { MappedFile } from "../../memory/backing.ts";
import { handedDown } from "../../memory/vma.ts";
import { loadSegment } from "../base/processor.ts";
import { USER_CS, USER_DS, USER32_CS } from "../base/selectors.ts";
import type { Wait } from "../base/wait.ts";
import { charged } from "../core/charged.ts";
import { resetFields } from "../core/fields.ts";
import { RegistersReplaced, type Result } from "../core/result.ts";
import { NO_ALT_STACK, type Task } from "../core/task.ts";
import { executeParts } from "../core/task-part.ts";
import { type LoadedImage, load } from "../exec/load.ts";
import { parseScript } from "../exec/script.ts";
import type { Strings } from "../exec/stack.ts";
import { joined, listOf, type StringList, withoutFirst } from "../exec/strings.ts";
import type { Path } from "../fs/vfs/dentry.ts";
import type { FdTable } from "../fs/vfs/fd-table.ts";
import type { FileDescription } from "../fs/vfs/file.ts";
import type { Or } from "../fs/vfs/inode.ts";
import { EVENT, notifyFile } from "../fs/vfs/notify.ts";
import { openExecutable } from "../fs/vfs/open.ts";
import { resolve } from "../fs/vfs/resolve.ts";
import { initFpState, minSigStack } from "../signal/fpstate.ts";
import { forceSignal } from "../signal/send.ts";
import { kernelSignal } from "../signal/state/info.ts";
import { SIG } from "../signal/state/set.ts";
import { processLimits } from "../task/limits.ts";
import { PER } from "../task/personality.ts";
import { ExecutedProgram } from "../task/program.ts";
import { enterTime } from "../task/time-namespace.ts";
import { endUserDispatch } from "../task/user-dispatch.ts";
import { credForExec, type ExecCred } from "./exec-cred.ts";
import { exitTask, notePeak, releaseVfork } from "./exit.ts";

/** Linux BINPRM_BUF_SIZE: the bytes of a file that decide its format. */
const HEAD = 256;
/** The longest chain of interpreters. Linux exec_binprm() fails at the sixth. */
const MAX_DEPTH = 5;
const COMM_LENGTH = 15;

/** The program and its arguments for execve(2). */
export type ExecArguments = Pick<Strings, "argv" | "envp">;

/** A file to run, as execve and execveat name it. */
export interface ExecTarget {
  readonly path: Path;
  /** AT_EXECFN and a script's argument: the path as given, or /dev/fd/N for an empty path. */
  readonly name: string;
}

interface Opened {
  readonly file: FileDescription;
  readonly mapped: MappedFile;
  readonly path: Path;
  readonly name: string;
  readonly argv: StringList;
}

const isWait = (x: object): x is Wait => "interrupted" in x;

const openMapped = (task: Task, path: Path): { file: FileDescription; mapped: MappedFile } | number | Wait => {
  const file = openExecutable(task, path);
  if (typeof file === "number" || isWait(file)) return file;
  file.hold();
  const mapped = file.mapping(task);
  if (typeof mapped !== "object") {
    file.drop();
    return typeof mapped === "number" ? mapped : -E.EACCES;
  }
  return { file, mapped };
};

/** Opens the file. While it is a script, opens its interpreter instead. */
const openProgram = (task: Task, target: ExecTarget, argv: StringList): Opened | number | Wait => {
  let { path, name } = target;
  let args = argv.count === 0 ? listOf([""]) : argv;
  for (let depth = 0; ; depth++) {
    const opened = openMapped(task, path);
    if (typeof opened === "number" || "interrupted" in opened) return opened;
    const head = opened.file.read(task, HEAD, 0);
    notifyFile(opened.file, EVENT.ACCESS);
    if (typeof head === "number") {
      opened.file.drop();
      return head;
    }
    const script = parseScript(head);
    if (!script) return { file: opened.file, mapped: opened.mapped, path, name, argv: args };
    opened.file.drop();
    if (depth >= MAX_DEPTH) return -E.ELOOP;
    const own = [script.interpreter, ...(script.argument === undefined ? [] : [script.argument]), name];
    args = joined(listOf(own), withoutFirst(args));
    const found = resolve(task, task.fs.cwd, script.interpreter);
    if (typeof found === "number") return found;
    path = found;
    name = script.interpreter;
  }
};

/** Replaces the task's program. On success the calling program is gone. */
export const execute = (task: Task, target: ExecTarget, { argv, envp }: ExecArguments): Result => {
  const program = openProgram(task, target, argv);
  if (typeof program === "number" || "interrupted" in program) return program;
  const changed = credForExec(task, program.path);
  if (typeof changed === "number") {
    program.file.drop();
    return changed;
  }
  const image = loadImage(task, program, target.name, envp, changed);
  if ("errno" in image) {
    program.file.drop();
    if (image.fatal) forceSignal(task, kernelSignal(SIG.SIGSEGV), { isFatal: true });
    return -image.errno;
  }
  becomeLeader(task);
  commit(task, image, program, changed);
  // A script's own name, not its interpreter's: Linux begin_new_exec(), bprm->filename.
  task.comm = target.name.slice(target.name.lastIndexOf("/") + 1).slice(0, COMM_LENGTH);
  return new RegistersReplaced(0);
};

const loadImage = (task: Task, program: Opened, execFn: string, envp: StringList, { cred, secure }: ExecCred) => {
  const { kernel } = task;
  const { model } = kernel;
  let interpreter: FileDescription | undefined;
  const image = load({
    frames: kernel.frames,
    file: program.mapped,
    openInterpreter: (path: string): Or<MappedFile> => {
      const found = resolve(task, task.fs.cwd, path);
      if (typeof found === "number") return found;
      const opened = openMapped(task, found);
      if (typeof opened === "number") return opened;
      if ("interrupted" in opened) return -E.EACCES;
      interpreter = opened.file;
      return opened.mapped;
    },
    argv: program.argv,
    envp,
    execFn,
    uid: cred.uid,
    euid: cred.euid,
    gid: cred.gid,
    egid: cred.egid,
    secure,
    random: kernel.random.bytes(16),
    cpu: { hwcap: model.hwcap, hwcap2: model.hwcap2, minSigStack: minSigStack(model.xfeatures) },
    limits: processLimits(task.process),
    ia32: kernel.profile.ia32,
    x32: kernel.profile.x32,
    randomize:
      kernel.randomizes > 0 && (task.personality & PER.ADDR_NO_RANDOMIZE) === 0 ? (bits) => kernel.random.u32() % 2 ** bits : undefined,
    vdso: kernel.vdso,
    time: task.namespaces.timeForChildren,
  });
  interpreter?.drop();
  return image;
};

/** Ends the other threads. The caller takes over the leader's id. Linux de_thread(). */
const becomeLeader = (task: Task): void => {
  const { process, kernel } = task;
  if (process.threads.length > 1) for (const other of [...process.threads]) if (other !== task) exitTask(other, SIG.SIGKILL);
  if (task.pid === process.pid) return;
  kernel.tasks.delete(task.pid);
  task.pid = process.pid;
  kernel.tasks.set(task.pid, task);
  process.leader = task;
};

const commit = (task: Task, image: LoadedImage, program: Opened, { cred, privileged }: ExecCred): void => {
  const { kernel, process } = task;
  const old = task.mem;
  const before = task.program;
  executeParts(task, cred);
  endUserDispatch(task);
  enterTime(task);
  if (process.hasExecuted) notePeak(task);
  image.space.coredumpFilter = task.mem.coredumpFilter;
  task.mem = image.space;
  task.mem.readImpliesExec = image.readImpliesExec;
  task.mem.writeOrExecute = handedDown(old.writeOrExecute);
  task.program = new ExecutedProgram(image.abi, image.vdso, program.file).hold();
  program.file.drop();
  releaseVfork(task);
  charged(task.kernel, old, () => old.release());
  before.drop();

  task.actions = task.actions.clone();
  task.actions.resetCaught();
  task.altStack = { ...NO_ALT_STACK, flags: task.altStack.flags };
  resetFields(task);
  task.tls = new Uint8Array(task.tls.length);
  task.ldt = { table: undefined };
  if (privileged) task.deathSignal = 0;
  task.cred = cred;
  task.dumpable = privileged ? 0 : 1;
  process.hasExecuted = true;
  process.posixTimers?.cancel();
  if (task.files.refs > 1) {
    const own = task.files.clone(true) as FdTable;
    task.files.drop();
    task.files = own;
  }
  task.files.closeOnExec();
  // The first instruction would fault here, and that maps the cached pages around it. The processor keeps its
  // translations of code that the program before had, if the pages are there when the space is loaded.
  if (image.space.translate(image.entry, access.execute) > 0) task.usage.minorFaults++;
  if (kernel.scheduler.current === task) kernel.scheduler.loadTables(task);
  startRegisters(task, image, task.program);
};

/** Linux start_thread_common(): everything zero, flat segments. */
const startRegisters = (task: Task, image: LoadedImage, { abi }: ExecutedProgram): void => {
  const cpu = task.kernel.processor;
  const { state } = cpu;
  const wide = abi !== i386;
  state.u8.fill(0, at.gpr, at.gpr + 128);
  initFpState(state);
  cpu.flags = EF.IF;
  const data = wide ? 0 : USER_DS;
  loadSegment(cpu, S.cs, wide ? USER_CS : USER32_CS);
  loadSegment(cpu, S.ss, USER_DS);
  loadSegment(cpu, S.ds, data);
  loadSegment(cpu, S.es, data);
  loadSegment(cpu, S.fs, 0);
  loadSegment(cpu, S.gs, 0);
  // On AMD, a load of a null selector does not change the base.
  state.u8.fill(0, at.segBase + 8 * S.fs, at.segBase + 8 * S.gs + 8);
  state.rip = image.entry;
  state.setGpr(R.sp, image.stackPointer);
};
