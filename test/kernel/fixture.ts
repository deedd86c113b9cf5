// A kernel on a processor that runs no code: tests put registers into the state page and walk through a door.

import type { Deadline } from "../../src/cpu/machine/deadline.ts";
import { type Exit, exit } from "../../src/cpu/machine/exit.ts";
import { layout } from "../../src/cpu/machine/layout.ts";
import { Segments } from "../../src/cpu/machine/segments.ts";
import { at, R, State } from "../../src/cpu/machine/state.ts";
import { loadSegment, type Processor } from "../../src/kernel/base/processor.ts";
import type { KernelProfile } from "../../src/kernel/base/profile.ts";
import { profiles } from "../../src/kernel/base/profiles.ts";
import { credOf } from "../../src/kernel/cred/cred.ts";
import { Vdso } from "../../src/kernel/exec/vdso.ts";
import { MemFs } from "../../src/kernel/fs/types/memfs.ts";
import { FsContext } from "../../src/kernel/fs/vfs/context.ts";
import { FdTable } from "../../src/kernel/fs/vfs/fd-table.ts";
import { Vfs } from "../../src/kernel/fs/vfs.ts";
import { newProcess, newTask } from "../../src/kernel/lifecycle/new-task.ts";
import { newKernel } from "../../src/kernel/sched/new-kernel.ts";
import { mmap } from "../../src/memory/calls/index.ts";
import { Frames } from "../../src/memory/frames.ts";
import { layoutFor } from "../../src/memory/layout.ts";
import { AddressSpace } from "../../src/memory/space.ts";

/** Executes the script, one exit a run; each costs one instruction. */
export class ScriptedProcessor implements Processor {
  breakpoints = [];
  debugStatus = 0;
  readonly state: State;
  readonly segments: Segments;
  flags = 0x202;
  instructions = 0;
  timeStamp = (): bigint => 0n;
  timeStampDisabled = false;
  number = 0;
  random = undefined;
  readonly script: (() => Exit)[] = [];

  constructor(memory: WebAssembly.Memory) {
    this.state = new State(memory);
    this.segments = new Segments(this.state, () => {});
  }
  get progress(): { readonly instructions: number } {
    return this;
  }
  get retired(): number {
    return this.instructions;
  }
  run(limit: number): Exit {
    const step = this.script.shift();
    this.instructions += step ? 1 : limit;
    return step ? step() : exit.budget;
  }
  setAddressSpace(): void {}
}

export const STACK = 0x10_0000;
const CODE64 = 0x33;
const CODE32 = 0x23;

/** One task in a fresh kernel, running, with 64 KiB of memory at STACK - 64 KiB. */
export const fixture = ({
  profile = profiles.upstream,
  bits = 64 as 32 | 64,
  deadline,
}: {
  profile?: KernelProfile;
  bits?: 32 | 64;
  deadline?: Deadline;
} = {}) => {
  const pages = Math.ceil((layout.frames + (4 << 20)) / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const cpu = new ScriptedProcessor(memory);
  const frames = new Frames(memory, layout.frames);
  const model = { vendor: "amd", hwcap: 0, hwcap2: 0, xfeatures: 0 } as const;
  const kernel = newKernel({ processor: cpu, model, profile, frames, vdso: new Vdso(frames, "amd"), ...(deadline && { deadline }) });
  kernel.vfs = new Vfs(kernel, (dev, clock) => new MemFs(dev, clock));
  const root = kernel.vfs.namespace.root.path;
  const process = newProcess(kernel, kernel.newPid(), kernel.init, 17);
  const mem = new AddressSpace(frames, layoutFor(bits, 8 << 20));
  const task = newTask(kernel, process.pid, process, { mem, files: new FdTable(), fs: new FsContext(root, root), cred: credOf(0, 0) });
  process.leader = task;
  process.threads.push(task);
  kernel.tasks.set(task.pid, task);
  kernel.processes.set(process.pid, process);
  mmap(mem, { at: STACK - 65536, length: 65536, prot: 3, flags: 0x32, offset: 0, compat: false });
  kernel.scheduler.switchTo(task);
  loadSegment(cpu, 1, bits === 64 ? CODE64 : CODE32);
  loadSegment(cpu, 2, 0x2b);
  cpu.state.setGpr(R.sp, STACK - 4096);
  cpu.state.rip = 0x40_1000;
  return { cpu, kernel, task, process, state: cpu.state };
};

/** Write registers by name of number, 64 bits each. */
export const setRegisters = (state: State, values: Readonly<Record<number, bigint>>): void => {
  for (const [r, value] of Object.entries(values)) state.u64[(at.gpr >> 3) + Number(r)] = BigInt.asUintN(64, value);
};
export const register = (state: State, r: number): bigint => state.u64[(at.gpr >> 3) + r] as bigint;
