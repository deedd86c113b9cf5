// A task with memory and file systems but no processor: system calls are made by calling their handlers.

import { existsSync, readFileSync } from "node:fs";
import { type Abi, i386, x64 } from "../../../src/abi/abi.ts";
import type { VAddr } from "../../../src/abi/brand.ts";
import { syscallNumbers } from "../../../src/abi/numbers.ts";
import { profiles } from "../../../src/kernel/base/profiles.ts";
import { calls } from "../../../src/kernel/calls/index.ts";
import type { Kernel } from "../../../src/kernel/core/kernel.ts";
import type { Result } from "../../../src/kernel/core/result.ts";
import type { Task } from "../../../src/kernel/core/task.ts";
import { type Cred, credOf } from "../../../src/kernel/cred/cred.ts";
import { deviceDrivers, newDevPts } from "../../../src/kernel/fs/devtmpfs.ts";
import { MemFs } from "../../../src/kernel/fs/types/memfs.ts";
import { FsContext } from "../../../src/kernel/fs/vfs/context.ts";
import { FdTable } from "../../../src/kernel/fs/vfs/fd-table.ts";
import type { FileDescription } from "../../../src/kernel/fs/vfs/file.ts";
import type { Clock, FileSystem } from "../../../src/kernel/fs/vfs/inode.ts";
import { Vfs } from "../../../src/kernel/fs/vfs.ts";
import { newProcess, newTask } from "../../../src/kernel/lifecycle/new-task.ts";
import { newKernel } from "../../../src/kernel/sched/new-kernel.ts";
import { dispatchTable } from "../../../src/kernel/syscall/declaration.ts";
import { mmap } from "../../../src/memory/calls/map.ts";
import { Frames } from "../../../src/memory/frames.ts";
import { layoutFor } from "../../../src/memory/layout.ts";
import { AddressSpace } from "../../../src/memory/space.ts";
import { type Arg, type Call, flatten, type Outcome, type Script } from "./script.ts";

/** A setting of the judging kernel. */
const nativeSetting = (name: string): number => (existsSync(`/proc/sys/${name}`) ? Number(readFileSync(`/proc/sys/${name}`, "utf8")) : 0);

const tables = new Map([
  [x64, dispatchTable(calls, x64)],
  [i386, dispatchTable(calls, i386)],
]);
/** One memory for all machines of a test file, one after the other: they are many. */
const memory = new WebAssembly.Memory({ initial: 512, maximum: 512 });
let frames: Frames | undefined;
const newFrames = (): Frames => {
  frames?.giveUp();
  frames = new Frames(memory, 0);
  return frames;
};
const SCRATCH = 0x100000;
const SCRATCH_SIZE = 1 << 23;

export class TestMachine {
  readonly kernel: Kernel;
  readonly task: Task;
  #scratch = SCRATCH;

  constructor(options: { root?: (dev: number, clock: Clock) => FileSystem; cred?: Cred } = {}) {
    // No guest code runs, so the parts that only the scheduler and the gate use may be missing.
    this.kernel = newKernel({ processor: {}, profile: profiles.upstream, frames: newFrames(), model: {}, vdso: {} } as never);
    this.kernel.vfs = new Vfs(this.kernel, options.root ?? ((dev, clock) => new MemFs(dev, clock)));
    for (const key of ["hardlinks", "symlinks", "fifos", "regular"] as const)
      this.kernel.vfs.protection[key] = nativeSetting(`fs/protected_${key}`);
    this.kernel.vfs.drivers = deviceDrivers;
    this.kernel.vfs.firstPts = newDevPts(this.kernel.vfs.newDev(), this.kernel);
    this.task = this.newTask(options.cred ?? credOf(0, 0));
    // The standard streams of the native runner are in the way of scripts there, so something is here, too.
    const pipe = () => this.kernel.vfs.pipe(this.task, 0) as [FileDescription, FileDescription];
    for (const end of pipe()) this.task.files.install(end, 16);
    this.task.files.install(pipe()[0], 16);
  }
  newTask(cred: Cred, files = new FdTable()): Task {
    const { kernel } = this;
    const root = kernel.vfs.namespace.root.path;
    const mem = new AddressSpace(kernel.frames, layoutFor(32, 8 << 20));
    const pid = kernel.newPid();
    const process = newProcess(kernel, pid, kernel.init, 17);
    const task = newTask(kernel, pid, process, { mem, files, fs: new FsContext(root, root), cred });
    process.leader = task;
    process.sid = process.pgid = pid;
    process.threads.push(task);
    kernel.tasks.set(pid, task);
    kernel.processes.set(pid, process);
    const at = mmap(mem, { at: SCRATCH, length: SCRATCH_SIZE, prot: 3, flags: 0x32, offset: 0, compat: true });
    if (at !== SCRATCH) throw new Error(`no scratch memory: ${at}`);
    return task;
  }

  /** One call by name, as the gate would make it. */
  call(name: Call["name"], registers: readonly number[], abi: Abi = x64, task: Task = this.task): Result {
    const nr = syscallNumbers[name][abi.column];
    const entry = nr === null ? undefined : tables.get(abi)?.[nr];
    if (!entry) return -38;
    const raw = new Uint32Array(12);
    registers.forEach((v, i) => {
      raw[2 * i] = v;
      raw[2 * i + 1] = Math.floor(v / 2 ** 32);
    });
    return entry.syscall.call(task, entry.decode(raw), abi);
  }

  /** Give the memory back. */
  end(): void {
    for (const task of this.kernel.tasks.values()) task.mem.release();
  }

  /** Put bytes into the task's memory. */
  place(bytes: Uint8Array, task: Task = this.task): VAddr {
    if (this.#scratch + bytes.length + 64 > SCRATCH + SCRATCH_SIZE) this.#scratch = SCRATCH;
    const at = this.#scratch as VAddr;
    task.mem.write(at, bytes);
    this.#scratch += Math.ceil(bytes.length / 16) * 16 + 16;
    return at;
  }
  text(s: string, task?: Task): VAddr {
    return this.place(
      Uint8Array.from(`${s}\0`, (c) => c.charCodeAt(0)),
      task,
    );
  }

  run(script: Script, abi: Abi): Outcome[] {
    const outcomes: Outcome[] = [];
    const all: VAddr[] = [];
    for (const { name, args } of script.calls) {
      const buffers: { at: VAddr; n: number }[] = [];
      const registers = flatten(args as readonly Arg[], abi).map((a) => {
        if (typeof a === "number") return a;
        if (typeof a === "string") return this.text(a);
        if ("result" in a) return outcomes[a.result]?.result ?? -1;
        if ("stored" in a) return this.task.mem.u32(all[a.stored]! + 4 * a.word);
        const content = "out" in a ? new Uint8Array(a.out) : a.bytes;
        const at = this.place(content);
        buffers.push({ at, n: content.length });
        all.push(at);
        return at;
      });
      const result = this.call(name, registers, abi);
      outcomes.push({
        result: typeof result === "number" ? result : -1000,
        buffers: buffers.map(({ at, n }) => trimmed(this.task.mem.read(at, n) ?? new Uint8Array(0))),
      });
      this.kernel.now += 1000;
    }
    return outcomes;
  }
}
const trimmed = (b: Uint8Array): Uint8Array => {
  let end = b.length;
  while (end > 0 && b[end - 1] === 0) end--;
  return b.subarray(0, end);
};
