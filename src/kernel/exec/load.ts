// execve(2) after the file is chosen: a new address space with the program, its interpreter, the vDSO and the
// stack. Linux fs/binfmt_elf.c load_elf_binary(), fs/exec.c.

import { type Abi, i386, x32 } from "../../abi/abi.ts";
import { E } from "../../abi/errno.ts";
import { PATH_MAX } from "../../abi/uapi/limits.ts";
import type { MappedFile } from "../../memory/backing.ts";
import { type Frames, pageAlign } from "../../memory/frames.ts";
import { layoutFor, type Randomize } from "../../memory/layout.ts";
import type { Limits } from "../../memory/limits.ts";
import { AddressSpace } from "../../memory/space.ts";
import type { AuxvIdentity, AuxvProcessor } from "./auxv.ts";
import { ET, PF, PT, sizes } from "./elf.ts";
import { type ElfFile, openElf, readExactly, readFile } from "./elf-file.ts";
import { checkProperties, MAX_PROPERTY_SIZE } from "./property.ts";
import { BINPRM_BUF_SIZE } from "./script.ts";
import { isUserAddress, type Loaded, loadable, loadSegments, maximumAlignment } from "./segments.ts";
import { checkStrings, placeStrings, type StringAddresses, type Strings, writeTables } from "./stack.ts";
import type { ClockOffsets, Vdso, VdsoAddresses } from "./vdso.ts";

/**
 * The input of `load`: files, strings and the settings of the kernel. The caller replaces an empty argv
 * (Linux 5.18 makes it [""]). `execFn`, AT_EXECFN, is the path as given to execve.
 */
export interface ExecRequest extends AuxvIdentity, Strings {
  readonly frames: Frames;
  readonly file: MappedFile;
  /** Open the interpreter of PT_INTERP for execution: the file or -errno. */
  readonly openInterpreter: (path: string) => MappedFile | number;
  /** 16 bytes for AT_RANDOM, from the seed. */
  readonly random: Uint8Array;
  /**
   * CPUID.1:EDX (AT_HWCAP), AT_HWCAP2 (bit 1: FSGSBASE), and AT_MINSIGSTKSZ, which depends on the vector
   * registers.
   */
  readonly cpu: AuxvProcessor;
  readonly limits: Limits;
  /** The kernel has IA32 emulation. Without it an ELF32 of EM_386 is ENOEXEC. */
  readonly ia32: boolean;
  /** The kernel has x32, so an ELF32 of EM_X86_64 is a program. */
  readonly x32: boolean;
  /** Absent: no randomization. */
  readonly randomize?: Randomize | undefined;
  /** vm.mmap_min_addr. Absent: its initial value (layout.ts). */
  readonly minAddress?: number;
  readonly vdso: Vdso;
  /** The offsets of its clocks. Absent: none. */
  readonly time?: ClockOffsets;
}

/** A loaded program: its address space and its first registers. */
export interface LoadedImage {
  readonly space: AddressSpace;
  readonly abi: Abi;
  /** The first instruction: the interpreter's entry point if there is an interpreter. */
  readonly entry: number;
  readonly stackPointer: number;
  /** Addresses in the vDSO for signal delivery and the gate. 0 where the ABI has none. */
  readonly vdso: VdsoAddresses;
  /** READ_IMPLIES_EXEC is set in the personality, because of PT_GNU_STACK. */
  readonly readImpliesExec: boolean;
}

/** `errno` is positive. `fatal`: after the point of no return, so the caller gets SIGSEGV (bprm_execve). */
export interface ExecError {
  readonly errno: number;
  readonly fatal: boolean;
}

/** The program file and its interpreter, after the checks that can fail with an error. */
interface Program {
  readonly elf: ElfFile;
  readonly interpreter: ElfFile | undefined;
}

const interpreterPath = ({ frames }: ExecRequest, elf: ElfFile): string | number | undefined => {
  const named = elf.segments.find((s) => s.type === PT.INTERP);
  if (named === undefined) return undefined;
  if (named.filesz > PATH_MAX || named.filesz < 2) return -E.ENOEXEC;
  const bytes = readExactly(frames, elf.file, named.offset, named.filesz);
  if (typeof bytes === "number") return bytes;
  if (bytes[bytes.length - 1] !== 0) return -E.ENOEXEC;
  return String.fromCharCode(...bytes.subarray(0, bytes.indexOf(0)));
};

/** The first bytes of a file, filled with zeroes. */
const padded = (head: Uint8Array): Uint8Array => {
  if (head.length >= BINPRM_BUF_SIZE) return head;
  const whole = new Uint8Array(BINPRM_BUF_SIZE);
  whole.set(head);
  return whole;
};

const openInterpreter = (r: ExecRequest, elf: ElfFile): ElfFile | number | undefined => {
  const path = interpreterPath(r, elf);
  if (typeof path !== "string") return path;
  // open_exec("") opens the current directory.
  if (path === "") return -E.EACCES;
  const file = r.openInterpreter(path);
  if (typeof file === "number") return file;
  const head = readExactly(r.frames, file, 0, sizes[elf.header.long].header);
  if (typeof head === "number") return head;
  const opened = openElf(r.frames, file, padded(head), r);
  return opened === undefined || opened.header.long !== elf.header.long ? -E.ELIBBAD : opened;
};

/**
 * Checks the form of the property note of the program that runs first. The 32-bit loader does not check it.
 */
const checkNote = ({ frames }: ExecRequest, { elf, interpreter }: Program): number => {
  if (elf.header.long === 4) return 0;
  const owner = interpreter ?? elf;
  const note = owner.segments.findLast((s) => s.type === PT.GNU_PROPERTY);
  if (note === undefined) return 0;
  if (note.filesz > MAX_PROPERTY_SIZE) return -E.ENOEXEC;
  const bytes = readFile(frames, owner.file, note.offset, note.filesz);
  return typeof bytes === "number" ? -E.EIO : checkProperties(bytes, owner.header.long);
};

const examine = (r: ExecRequest): Program | number => {
  const tooBig = checkStrings(r, r.limits.stack);
  if (tooBig < 0) return tooBig;
  const head = readFile(r.frames, r.file, 0, BINPRM_BUF_SIZE);
  if (typeof head === "number") return head;
  const elf = openElf(r.frames, r.file, padded(head), r);
  if (elf === undefined || (elf.header.abi === i386 && !r.ia32)) return -E.ENOEXEC;
  const interpreter = openInterpreter(r, elf);
  if (typeof interpreter === "number") return interpreter;
  const program = { elf, interpreter };
  const malformed = checkNote(r, program);
  return malformed < 0 ? malformed : program;
};

/** EXSTACK_*: the last PT_GNU_STACK decides. Linux arch/x86/include/asm/elf.h has the table. */
const stackExecutable = (elf: ElfFile): boolean | undefined => {
  const header = elf.segments.findLast((s) => s.type === PT.GNU_STACK);
  return header === undefined ? undefined : (header.flags & PF.X) !== 0;
};

/**
 * Address of a position-independent program. Undefined without an interpreter: it is placed like a mapping.
 */
const baseFor = (space: AddressSpace, { elf, interpreter }: Program): number | undefined => {
  if (interpreter === undefined) return undefined;
  const alignment = maximumAlignment(loadable(elf));
  return Math.floor(space.layout.pieBase / alignment) * alignment;
};

const setBounds = (space: AddressSpace, program: Program, loaded: Loaded): void => {
  space.startCode = loaded.startCode;
  space.endCode = loaded.endCode;
  space.startData = loaded.startData;
  space.endData = loaded.endData;
  // A loader that runs as a program would have its heap in the mmap area; the heap moves to the program area.
  const moved = program.elf.header.type === ET.DYN && program.interpreter === undefined;
  const end = pageAlign(moved ? space.layout.pieBase : loaded.end);
  const { brkOffset, heapPosition } = space.layout;
  space.brkStart = end + (heapPosition === 0 ? brkOffset : (heapPosition - end) % 2 ** 30);
  space.brk = space.brkStart;
};

/** The work after the point of no return. Returns addresses with the stack pointer, or -errno. */
const build = (
  r: ExecRequest,
  program: Program,
  space: AddressSpace,
  abi: Abi,
): Omit<LoadedImage, "abi" | "space" | "readImpliesExec"> | number => {
  const { elf, interpreter } = program;
  const executable = stackExecutable(elf) ?? space.readImpliesExec;
  const strings = placeStrings(space, r, executable);
  if (typeof strings === "number") return strings;
  const loaded = loadSegments(space, elf, baseFor(space, program));
  if (typeof loaded === "number") return loaded;
  setBounds(space, program, loaded);
  const entry = elf.header.entry + loaded.bias;
  const linker = interpreter && loadSegments(space, interpreter, undefined);
  if (typeof linker === "number") return linker;
  const start = linker && interpreter ? interpreter.header.entry + linker.bias : entry;
  if (!isUserAddress(space, start)) return -E.EINVAL;
  const vdso = abi === x32 ? NO_VDSO : r.vdso.map(space, abi, r.time);
  if (typeof vdso === "number") return vdso;
  const stackPointer = tables(r, program, space, abi, { strings, loaded, entry, base: linker?.bias ?? 0, vdso });
  return stackPointer < 0 ? stackPointer : { entry: start, stackPointer, vdso };
};

/** x32 programs have no image; they make the system calls instead. */
const NO_VDSO: VdsoAddresses = { base: 0, kernelVsyscall: 0, sigreturn: 0, rtSigreturn: 0, landingPad: 0 };

interface Placed {
  readonly strings: StringAddresses;
  readonly loaded: Loaded;
  readonly entry: number;
  readonly base: number;
  readonly vdso: VdsoAddresses;
}
const tables = (r: ExecRequest, { elf }: Program, space: AddressSpace, abi: Abi, p: Placed): number => {
  const { phentsize: phent, phnum, long } = elf.header;
  const { vdso, base, entry } = p;
  const at = { sysinfo: vdso.kernelVsyscall, sysinfoEhdr: vdso.base, phdr: p.loaded.phdr, phent, phnum, base, entry };
  return writeTables(space, r, p.strings, at, [long, abi.long]);
};

/** Loads a program into a new address space. The old program is unchanged. */
export const load = (r: ExecRequest): LoadedImage | ExecError => {
  const program = examine(r);
  if (typeof program === "number") return { errno: -program, fatal: false };
  const bits = program.elf.header.long === 8 ? 64 : 32;
  const space = new AddressSpace(r.frames, layoutFor(bits, r.limits.stack, r.randomize, r.minAddress), r.limits);
  const { abi } = program.elf.header;
  space.readImpliesExec = bits === 32 && stackExecutable(program.elf) === undefined;
  const built = build(r, program, space, abi);
  if (typeof built === "number") {
    space.release();
    return { errno: -built, fatal: true };
  }
  const { entry, stackPointer, vdso } = built;
  return { space, abi, entry, stackPointer, vdso, readImpliesExec: space.readImpliesExec };
};
