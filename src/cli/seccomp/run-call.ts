// One system call in the machine under a filter: a program that does nothing else. System V ABI, "ELF
// Header", "Program Header".
import { i386 } from "../../abi/abi.ts";
import { Machine } from "../../machine/machine.ts";
import { abiOf } from "../../policy/names.ts";
import type { SyscallData } from "../../seccomp/index.ts";

/** The result of a call that was executed in a machine. */
export interface CallOutcome {
  /** The trace line, and how the program ended if the call ended it. */
  readonly text: string;
}

const HEADERS = 64 + 56;
const PAGE = 0x1000n;
/** MOV r64, imm64: REX.W(B) B8+r. SDM Vol. 2B "MOV". */
const move = (register: number, value: bigint): number[] => [
  0x48 | (register >> 3),
  0xb8 | (register & 7),
  ...new Uint8Array(BigUint64Array.of(value).buffer),
];
const [AX, CX, DX, BX, BP, SI, DI] = [0, 1, 2, 3, 5, 6, 7];
const registers64 = [DI, SI, DX, 10, 8, 9];
const registers32 = [BX, CX, DX, SI, DI, BP];

const codeOf = (data: SyscallData): number[] => {
  const by32 = data.arch === i386.auditArch;
  const argument = (i: number): bigint => (BigInt(data.args[2 * i + 1] as number) << 32n) | BigInt(data.args[2 * i] as number);
  const moves = (by32 ? registers32 : registers64).flatMap((register, i) => move(register, argument(i)));
  return [...move(AX, BigInt(data.nr >>> 0)), ...moves, ...(by32 ? [0xcd, 0x80] : [0x0f, 0x05])];
};

/** An ELF64 file with one segment; the call returns to `ip`. */
const elf = (code: readonly number[], ip: bigint): Uint8Array => {
  const start = ip - BigInt(code.length);
  const base = start & -PAGE;
  const offset = Number(start - base) + (Number(start - base) < HEADERS ? Number(PAGE) : 0);
  const bytes = new Uint8Array(offset + code.length + 2);
  const view = new DataView(bytes.buffer);
  const address = base - (offset >= Number(PAGE) ? PAGE : 0n);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, start, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(80, address, true);
  view.setBigUint64(88, address, true);
  view.setBigUint64(96, BigInt(bytes.length), true);
  view.setBigUint64(104, BigInt(bytes.length), true);
  view.setBigUint64(112, PAGE, true);
  // UD2 behind the call: the program is over.
  bytes.set([...code, 0x0f, 0x0b], offset);
  return bytes;
};

const DEFAULT_IP = 0x40_1000n;
const LIMIT = 1n << 47n;

/** Carries the call out under the filter, if there is one, in a machine with nothing in it. */
export const runCall = async (policy: Uint8Array | undefined, data: SyscallData): Promise<CallOutcome> => {
  const abi = abiOf(data.arch, data.nr);
  if (!abi) return { text: "not carried out: no door leads to this architecture" };
  const ip = (BigInt(data.ipHi) << 32n) | BigInt(data.ipLo);
  if (ip !== 0n && (ip < 0x10_000n || ip >= LIMIT - PAGE))
    return { text: "not carried out: no program can run at this instruction pointer" };
  const machine = new Machine({ x32: abi.name === "x32", memory: 16 << 20 });
  const program = elf(codeOf(data), ip === 0n ? DEFAULT_IP : ip);
  const run = await machine.run(program, { ...(policy ? { policy } : {}), trace: true, timeout: 5 });
  const line = run.trace.find((text) => !text.startsWith("execve(")) ?? "no call was made";
  const { status } = run;
  const ended = "signal" in status && status.signal !== "SIGILL" ? `, and the program was killed by ${status.signal}` : "";
  return { text: `${line}${ended}` };
};
