// The reason for which the kernel does not run a file, in words: execve(2) has one errno for many reasons. elf(5).
import { E, errnoText } from "../abi/errno.ts";
import { Problem, type ProblemCode } from "../problem.ts";

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
  readonly code: ProblemCode;
  readonly message: string;
  readonly help?: string;
}

const elfReason = (bytes: Uint8Array): Reason => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint32(0) !== 0x7f454c46) {
    return { code: "not-an-elf", message: "is not an ELF file", help: "trapgate runs x86 Linux programs and scripts that start with #!" };
  }
  const wide = bytes[4] === 2;
  const header = wide ? 64 : 52;
  if (bytes.length < header) return { code: "broken-elf", message: "is a truncated ELF file" };
  const machine = view.getUint16(18, true);
  if (machine !== EM_X86_64 && machine !== EM_386) {
    const name = machines[machine];
    return {
      code: "wrong-machine",
      message: `is an ELF file for ${name ?? `machine ${machine}`}`,
      help: "trapgate runs x86 and x86-64 programs",
    };
  }
  if (machine === EM_X86_64 && !wide) {
    return { code: "wrong-machine", message: "is an x32 program, and the kernel has no x32", help: "see --x32" };
  }
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN)
    return { code: "broken-elf", message: "is an ELF file, but no program (an object file or a core dump)" };
  const tableEnd = wide
    ? Number(view.getBigUint64(32, true)) + view.getUint16(54, true) * view.getUint16(56, true)
    : view.getUint32(28, true) + view.getUint16(42, true) * view.getUint16(44, true);
  if (tableEnd > bytes.length) return { code: "broken-elf", message: "is a truncated ELF file" };
  return { code: "broken-elf", message: "is an ELF file that the kernel refuses" };
};

const byErrno: ReadonlyMap<number, Reason> = new Map([
  [E.ENOENT, { code: "not-found", message: "not found" }],
  [E.ENOTDIR, { code: "not-found", message: "not found: a component of the path is no directory" }],
  [E.EACCES, { code: "not-executable", message: "permission denied" }],
  [E.EISDIR, { code: "not-executable", message: "is a directory" }],
  [E.ENOMEM, { code: "no-memory", message: "asks for more memory than there is", help: "see --memory" }],
  [E.E2BIG, { code: "usage", message: "argument list too long" }],
] as const);

/** `bytes` is the file if there is one; `isDirectory` tells EACCES's reasons apart. */
export const executionProblem = (
  path: string,
  errno: number,
  file?: { readonly bytes?: Uint8Array; readonly isDirectory: boolean },
): Problem => {
  const reason: Reason = file?.isDirectory
    ? { code: "not-executable", message: "is a directory" }
    : errno === E.ENOENT && file?.bytes
      ? { code: "not-found", message: "needs an interpreter that the guest does not have", help: "give it one with --root or --mount" }
      : (byErrno.get(errno) ??
        (file?.bytes && errno === E.ENOEXEC ? elfReason(file?.bytes) : undefined) ?? { code: "not-executable", message: errnoText(errno) });
  return new Problem(reason.code, `${path}: ${reason.message}`, reason.help === undefined ? {} : { help: reason.help });
};
