// Register sets: PTRACE_GETREGSET and older requests. Linux arch/x86/kernel/ptrace.c x86_64_regsets,
// x86_32_regsets; kernel/ptrace.c ptrace_regset(); fpu/regset.c.
import type { Abi } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { fxrstor, fxsave, fxsaveSize } from "../../cpu/helpers/x87-image.ts";
import type { Task } from "../core/task.ts";
import { fsaveBytes, restoreFpState, restoreFsave, saveFpState, xstateSize } from "../signal/fpstate.ts";
import { setThreadAreas, threadAreas, USER_DESC_SIZE } from "../task/thread-pointer.ts";
import { readRegisters, withRegisters, writeRegisters } from "./registers.ts";

/** One set, with its bytes in the form of a core file. */
export interface Regset {
  /** Size of an element in bytes. A length that is not a multiple is EINVAL. */
  readonly size: number;
  /** True if the processor does not have it: ENODEV. */
  absent?(task: Task): boolean;
  /** True if a core file leaves it out. */
  unused?(task: Task): boolean;
  read(task: Task): Uint8Array;
  /** 0 or -errno. `bytes` may be shorter than the set. */
  write(task: Task, bytes: Uint8Array): number;
}

/** NT_*. Linux uapi linux/elf.h. */
export const NT = { PRSTATUS: 1, PRFPREG: 2, TLS: 0x200, XSTATE: 0x202, PRXFPREG: 0x46e6_2b7f } as const;

const general = (size: 4 | 8): Regset => ({
  size,
  read: (task) => readRegisters(task, size),
  write: (task, bytes) => writeRegisters(task, size, bytes),
});

const MXCSR_OFFSET = 24;
/** FXSAVE's 512 bytes. */
const fx: Regset = {
  size: 8,
  read: (task) =>
    withRegisters(task, ({ state }) => {
      const out = new Uint8Array(fxsaveSize);
      fxsave(state, new DataView(out.buffer), true, 16);
      return out;
    }),
  write: (task, bytes) => {
    const image = fx.read(task);
    image.set(bytes.subarray(0, fxsaveSize));
    return withRegisters(task, ({ state }) => (fxrstor(state, new DataView(image.buffer), true, 16) ? 0 : -E.EINVAL));
  },
};

const FSAVE_SHOWN = 108;
/** The 108 bytes of FSAVE. */
const fsave: Regset = {
  size: 4,
  read: (task) => withRegisters(task, ({ state }) => fsaveBytes(state).subarray(0, FSAVE_SHOWN)),
  write: (task, bytes) => {
    const image = fsave.read(task).slice();
    image.set(bytes.subarray(0, FSAVE_SHOWN));
    withRegisters(task, ({ state }) => restoreFsave(state, image));
    return 0;
  },
};

/** Offset of FXSAVE's bytes for software. They hold XCR0 for debuggers. */
const SOFTWARE = 464;
const SOFTWARE_MAGIC = 48;
const xstate: Regset = {
  size: 8,
  // Linux xstateregs_get(): without XSAVE.
  absent: (task) => task.kernel.model.xfeatures === 0,
  read: (task) => {
    const { xfeatures } = task.kernel.model;
    const out = withRegisters(task, ({ state }) => saveFpState(state, xfeatures)).slice(0, xstateSize(xfeatures));
    out.fill(0, SOFTWARE, SOFTWARE + SOFTWARE_MAGIC);
    new DataView(out.buffer).setBigUint64(SOFTWARE, BigInt(xfeatures), true);
    return out;
  },
  write: (task, bytes) => {
    const { xfeatures } = task.kernel.model;
    if (bytes.length !== xstateSize(xfeatures)) return -E.EFAULT;
    return withRegisters(task, ({ state }) => {
      const frame = saveFpState(state, xfeatures);
      const software = frame.slice(SOFTWARE, SOFTWARE + SOFTWARE_MAGIC);
      frame.set(bytes);
      frame.set(software, SOFTWARE);
      if (new DataView(frame.buffer).getUint32(MXCSR_OFFSET, true) >>> 16 !== 0) return -E.EINVAL;
      return restoreFpState(state, frame, xfeatures) ? 0 : -E.EINVAL;
    });
  },
};

/** The three struct user_desc of set_thread_area(2). */
const tls: Regset = {
  size: USER_DESC_SIZE,
  // Linux regset_tls_active().
  unused: (task) => task.tls.every((byte) => byte === 0),
  read: threadAreas,
  write: (task, bytes) => {
    const failed = setThreadAreas(task, bytes);
    if (failed === 0) task.staleSegments = true;
    return failed;
  },
};

/** Sets by NT_*, in the view of the task's code segment. NT_386_IOPERM is missing. */
export const regsets64: Readonly<Record<number, Regset>> = { [NT.PRSTATUS]: general(8), [NT.PRFPREG]: fx, [NT.XSTATE]: xstate };
/** The sets of a task in 32-bit code. */
export const regsets32: Readonly<Record<number, Regset>> = {
  [NT.PRSTATUS]: general(4),
  [NT.PRFPREG]: fsave,
  [NT.PRXFPREG]: fx,
  [NT.TLS]: tls,
  [NT.XSTATE]: xstate,
};

/** A set in a core file, and the name of its note. */
interface DumpedSet {
  readonly name: "CORE" | "LINUX";
  readonly type: number;
  readonly set: Regset;
}
/** The sets of a core file after the general registers, in Linux's order. */
export const dumpedSets: Readonly<Record<Abi["registers"], readonly DumpedSet[]>> = {
  64: [
    { name: "CORE", type: NT.PRFPREG, set: fx },
    { name: "LINUX", type: NT.XSTATE, set: xstate },
  ],
  32: [
    { name: "CORE", type: NT.PRFPREG, set: fsave },
    { name: "LINUX", type: NT.PRXFPREG, set: fx },
    { name: "LINUX", type: NT.XSTATE, set: xstate },
    { name: "LINUX", type: NT.TLS, set: tls },
  ],
};
