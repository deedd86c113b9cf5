// execve(2) from the moment the file is chosen: a new address space with the program, its interpreter, the vDSO and the first stack.
// Linux fs/binfmt_elf.c load_elf_binary(), fs/exec.c.
import type { Abi } from "../../abi/abi.ts";
import type { MappedFile } from "../../memory/backing.ts";
import type { Frames } from "../../memory/frames.ts";
import type { Randomize } from "../../memory/layout.ts";
import type { Limits } from "../../memory/limits.ts";
import type { AddressSpace } from "../../memory/space.ts";

export interface ExecRequest {
  readonly frames: Frames;
  readonly file: MappedFile;
  /** Open the interpreter of PT_INTERP for execution: the file or -errno. */
  readonly openInterpreter: (path: string) => MappedFile | number;
  /** Byte strings. An empty argv is the caller's business (Linux 5.18 makes it [""]). */
  readonly argv: readonly string[];
  readonly envp: readonly string[];
  /** AT_EXECFN: the path as given to execve. */
  readonly execFn: string;
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
  /** AT_SECURE: the program gained privileges. */
  readonly secure: boolean;
  /** 16 bytes for AT_RANDOM, from the seed. */
  readonly random: Uint8Array;
  /** CPUID.1:EDX (AT_HWCAP), AT_HWCAP2, and who made the processor: it chooses __kernel_vsyscall. */
  readonly cpu: { readonly vendor: "amd" | "intel"; readonly hwcap: number; readonly hwcap2: number };
  readonly limits: Limits;
  /** The kernel's IA32 emulation: without it an ELF32 is ENOEXEC. */
  readonly ia32: boolean;
  /** Absent: no randomization. */
  readonly randomize?: Randomize | undefined;
  /** The machine's vDSO images and time page (see vdso.ts). */
  readonly vdso: import("./vdso.ts").Vdso;
}

export interface Image {
  readonly space: AddressSpace;
  readonly abi: Abi;
  readonly entry: number;
  readonly stackPointer: number;
  /** Addresses in the vDSO that signal delivery and the gate need; 0 where the ABI has none. */
  readonly vdso: import("./vdso.ts").VdsoAddresses;
  /** PT_GNU_STACK's effect on personality: READ_IMPLIES_EXEC. */
  readonly readImpliesExec: boolean;
}

/** `fatal`: the point of no return was passed, so the caller dies of SIGSEGV (bprm_execve). */
export interface ExecError { readonly errno: number; readonly fatal: boolean }

export const load = (request: ExecRequest): Image | ExecError => { throw new Error(`not yet ${request.execFn}`); };
