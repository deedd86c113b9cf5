// ptrace(2). The requests are in ptrace/request.ts.

import { ptrace, REQUEST } from "../../ptrace/request.ts";
import { int, long, ulong } from "../../syscall/arg.ts";
import { choice } from "../../syscall/arg-flags.ts";
import { type ArgType, type Syscall, syscall } from "../../syscall/declaration.ts";

const requestArg = choice("long", Object.fromEntries(Object.entries(REQUEST).map(([k, v]) => [`PTRACE_${k}`, v])), "PTRACE_???");
const pointer: ArgType<number> = { ...ulong, c: "void *", show: (v) => (v === 0 ? "NULL" : `0x${v.toString(16)}`) };
/** An address, a signal or a word to write, in full width. */
export const dataArg: ArgType<{ readonly value: number; readonly word: bigint }> = {
  c: "void *",
  decode: (raw, i, abi) => ({
    value: long.decode(raw, i, abi),
    word: (BigInt(raw[2 * i + 1] as number) << 32n) | BigInt(raw[2 * i] as number),
  }),
  show: ({ word }) => (word === 0n ? "NULL" : `0x${word.toString(16)}`),
};

/** The call ptrace(2). */
export const ptraceCalls: readonly Syscall[] = [
  syscall(
    "ptrace",
    { request: requestArg, pid: int, addr: pointer, data: dataArg },
    (t, a, abi) => ptrace(t, a.request, a.pid, a.addr, abi.long === 4 ? a.data.value >>> 0 : a.data.value, a.data.word, abi),
    { note: "no SINGLEBLOCK; other threads that execve ends raise no PTRACE_EVENT_EXIT" },
  ),
];
