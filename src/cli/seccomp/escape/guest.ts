// A guest that attaches a filter to itself and then makes calls: an ELF64 file that runs here and natively.
// System V ABI, "ELF Header", "Program Header". It ends by SIGILL if its last call succeeded, by SIGTRAP if
// not: no filter can refuse that.
import { i386, x64 } from "../../../abi/abi.ts";
import { assembleProgram } from "../../../cpu/text/program.ts";
import type { SyscallData } from "../../../seccomp/index.ts";

/** The data page, at which arguments point. The code is behind it. */
const PAGE = 0x1000;
const BASE = 0x40_0000;
const DATA = BASE + PAGE;
const CODE = DATA + PAGE;
/** Addresses of the guest's data, for arguments of calls. */
export const at = {
  /** "/dev/null" */
  path: DATA,
  /** "/proc/self/exe" */
  self: DATA + 0x20,
  /** struct sockaddr_un of an abstract name, ADDRESS_LENGTH bytes. */
  address: DATA + 0x40,
  /** Two arguments, of 64 and of 32 bits a pointer: they tell the guest that it was executed again. */
  argv64: DATA + 0x60,
  argv32: DATA + 0x80,
  /** struct clone_args; six words for socketcall(2). Written by `GuestText.words`. */
  block: DATA + 0x100,
  /** struct sock_fprog */
  program: DATA + 0x1c0,
  /** 1 KiB of zeros. */
  zeros: DATA + 0x400,
} as const;
const ADDRESS = "\x01\0\0trapgate-escape";
/** Bytes of the socket address at `at.address`. */
export const ADDRESS_LENGTH = ADDRESS.length;

/** A guest as NASM's lines. */
export interface GuestText {
  /** Before the filter is attached. */
  readonly before?: readonly string[];
  readonly steps: readonly string[];
  /** At `at.block`: bytes for each number. */
  readonly words?: { readonly size: 4 | 8; readonly values: readonly bigint[] };
}

/** An argument: a number, or a register that earlier lines filled. */
export type CallOperand = bigint | string;
const registers64 = ["rdi", "rsi", "rdx", "r10", "r8", "r9"];
const registers32 = ["rbx", "rcx", "rdx", "rsi", "rdi", "rbp"];
const hex = (value: CallOperand): string => (typeof value === "string" ? value : `0x${BigInt.asUintN(64, value).toString(16)}`);

/** Lines that make a call; its result is in rax. */
export const callLines = (nr: number, arch: number, args: readonly CallOperand[]): readonly string[] => {
  const by32 = arch === i386.auditArch;
  const moves = args.map((value, i) => `mov ${(by32 ? registers32 : registers64)[i]}, ${hex(value)}`);
  return [...moves, `mov rax, ${hex(BigInt(nr >>> 0))}`, ...(by32 ? ["int 0x80", "movsxd rax, eax"] : ["syscall"])];
};
/** The same of a native call by number. */
export const native = (nr: number, ...args: readonly CallOperand[]): readonly string[] => callLines(nr, x64.auditArch, args);
/** Argument i of a call as 64 bits. */
export const argumentOf = ({ args }: SyscallData, i: number): bigint =>
  (BigInt(args[2 * i + 1] as number) << 32n) | BigInt(args[2 * i] as number);

const PR_SET_NO_NEW_PRIVS = 38n;
const attach = (): readonly string[] => [...native(157, PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n), ...native(317, 1n, 0n, BigInt(at.program))];

const put = (bytes: Uint8Array, address: number, what: Uint8Array | string): void =>
  bytes.set(typeof what === "string" ? new TextEncoder().encode(what) : what, address - BASE);
const pointers = (size: 4 | 8, values: readonly bigint[]): Uint8Array =>
  new Uint8Array(size === 8 ? BigUint64Array.from(values).buffer : Uint32Array.from(values, Number).buffer);

/** The file. `bpf`: an array of struct sock_filter; undefined: no filter. */
export const guestFile = (bpf: Uint8Array | undefined, { before = [], steps, words }: GuestText): Uint8Array => {
  const code = assembleProgram(
    [
      "bits 64",
      `org ${CODE}`,
      "cmp qword [rsp], 2",
      "je .good",
      ...before,
      ...(bpf ? attach() : []),
      ...steps,
      "cmp rax, -4095",
      "jae .bad",
      ".good: ud2",
      ".bad: int3",
    ].join("\n"),
  ).bytes;
  const filter = CODE + ((code.length + 7) & ~7);
  const bytes = new Uint8Array(filter - BASE + (bpf?.length ?? 0));
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(CODE), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 7, true);
  view.setBigUint64(80, BigInt(BASE), true);
  view.setBigUint64(88, BigInt(BASE), true);
  view.setBigUint64(96, BigInt(bytes.length), true);
  view.setBigUint64(104, BigInt(bytes.length), true);
  view.setBigUint64(112, BigInt(PAGE), true);
  put(bytes, at.path, "/dev/null");
  put(bytes, at.self, "/proc/self/exe");
  put(bytes, at.address, ADDRESS);
  put(bytes, at.argv64, pointers(8, [BigInt(at.self), BigInt(at.self)]));
  put(bytes, at.argv32, pointers(4, [BigInt(at.self), BigInt(at.self)]));
  if (words) put(bytes, at.block, pointers(words.size, words.values));
  if (bpf) {
    view.setUint16(at.program - BASE, bpf.length / 8, true);
    view.setBigUint64(at.program - BASE + 8, BigInt(filter), true);
    put(bytes, filter, bpf);
  }
  put(bytes, CODE, code);
  return bytes;
};
