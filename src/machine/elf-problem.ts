// The reason for which the kernel does not run a file, in words: execve(2) has one errno for many reasons.
// elf(5).
import { E, errnoText } from "../abi/errno.ts";
import { PT, parseElf, programHeaders } from "../kernel/exec/elf.ts";
import { Problem } from "../problem.ts";
import type { ProblemKind } from "../problem-table.ts";

const EM_386 = 3;
const EM_X86_64 = 62;
/** Common machines by e_machine. Linux uapi linux/elf-em.h */
const machines: Record<number, string> = {
  8: "MIPS",
  20: "PowerPC",
  21: "PowerPC64",
  22: "S/390",
  40: "ARM",
  183: "AArch64",
  243: "RISC-V",
  258: "LoongArch",
};
const ET_EXEC = 2;
const ET_DYN = 3;

interface Reason {
  readonly kind: ProblemKind;
  readonly message: string;
  readonly help?: string;
}

const elfReason = (bytes: Uint8Array): Reason => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint32(0) !== 0x7f454c46) {
    return { kind: "not-an-elf", message: "is not an ELF file", help: "trapgate runs x86 Linux programs and scripts that start with #!" };
  }
  const wide = bytes[4] === 2;
  const header = wide ? 64 : 52;
  if (bytes.length < header) return { kind: "broken-elf", message: "is a truncated ELF file" };
  const machine = view.getUint16(18, true);
  if (machine !== EM_X86_64 && machine !== EM_386) {
    const name = machines[machine];
    return {
      kind: "wrong-machine",
      message: `is an ELF file for ${name ?? `machine ${machine}`}`,
      help: "trapgate runs x86 and x86-64 programs",
    };
  }
  if (machine === EM_X86_64 && !wide) {
    return { kind: "wrong-machine", message: "is an x32 program, and the kernel has no x32", help: "see --x32" };
  }
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN)
    return { kind: "broken-elf", message: "is an ELF file, but no program (an object file or a core dump)" };
  const tableEnd = wide
    ? Number(view.getBigUint64(32, true)) + view.getUint16(54, true) * view.getUint16(56, true)
    : view.getUint32(28, true) + view.getUint16(42, true) * view.getUint16(44, true);
  if (tableEnd > bytes.length) return { kind: "broken-elf", message: "is a truncated ELF file" };
  return { kind: "broken-elf", message: "is an ELF file that the kernel refuses" };
};

/**
 * The interpreter that the start of a file names: after `#!`, or in PT_INTERP. Undefined: it names none, or
 * the name is not in `bytes`.
 */
const interpreterOf = (bytes: Uint8Array): string | undefined => {
  const text = (from: number, end: number): string => new TextDecoder("latin1").decode(bytes.subarray(from, end));
  if (bytes[0] === 0x23 && bytes[1] === 0x21) return /^#!\s*(\S+)/.exec(text(0, 256))?.[1];
  const header = bytes.length < 64 ? undefined : parseElf(bytes, { x32: true });
  const table = header && bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  if (!header || !table || table.length < header.phnum * header.phentsize) return undefined;
  const interpreter = programHeaders(header, table).find(({ type }) => type === PT.INTERP);
  return interpreter && (text(interpreter.offset, interpreter.offset + interpreter.filesz).split("\0")[0] || undefined);
};
const withoutInterpreter = (bytes: Uint8Array): Reason => {
  const name = interpreterOf(bytes);
  return {
    kind: "no-interpreter",
    message:
      name === undefined
        ? "needs an interpreter that the guest does not have"
        : `needs the interpreter ${name}, which the guest does not have`,
    help: '--root / shows the host\'s root, in the library root: hostTree("/")',
  };
};

const byErrno: ReadonlyMap<number, Reason> = new Map([
  [E.ENOENT, { kind: "not-found", message: "not found" }],
  [E.ENOTDIR, { kind: "not-found", message: "not found: a component of the path is no directory" }],
  [E.EACCES, { kind: "not-executable", message: "permission denied" }],
  [E.EISDIR, { kind: "not-executable", message: "is a directory" }],
  [E.ENOMEM, { kind: "no-memory", message: "asks for more memory than there is", help: "see --memory" }],
  [E.E2BIG, { kind: "long-arguments", message: "argument list too long" }],
] as const);

/** Where the guest looked for a program that it does not have. */
const whereLooked = (path: string, cwd: string): string | undefined => {
  if (path.startsWith("/")) return undefined;
  return path.includes("/")
    ? `the working directory of the guest is ${cwd}; --cwd DIR (option cwd) sets another one`
    : "a name without a slash is looked up in the guest's PATH; --env PATH=… sets another one";
};

/**
 * `bytes` is the file if there is one; `isDirectory` tells EACCES's reasons apart. `cwd`: the working
 * directory of the guest, if the program was looked up there.
 */
export const executionProblem = (
  path: string,
  errno: number,
  file?: { readonly bytes?: Uint8Array; readonly isDirectory: boolean },
  cwd?: string,
): Problem => {
  const reason: Reason = file?.isDirectory
    ? { kind: "not-executable", message: "is a directory" }
    : errno === E.ENOENT && file?.bytes
      ? withoutInterpreter(file.bytes)
      : (byErrno.get(errno) ??
        (file?.bytes && errno === E.ENOEXEC ? elfReason(file?.bytes) : undefined) ?? { kind: "not-executable", message: errnoText(errno) });
  const help = reason.help ?? (reason.kind === "not-found" && cwd !== undefined ? whereLooked(path, cwd) : undefined);
  return new Problem(reason.kind, `${path}: ${reason.message}`, help === undefined ? {} : { help });
};

/** The working directory is missing, or is none. */
export const folderProblem = (cwd: string): Problem =>
  new Problem("not-found", `the working directory ${cwd} does not exist in the guest`, {
    help: "it is a path in the guest, not on the host",
  });
