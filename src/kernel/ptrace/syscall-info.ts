// PTRACE_GET_SYSCALL_INFO: the kind of a stop and its call, in any ABI. Linux kernel/ptrace.c
// ptrace_get_syscall_info().
import { i386, x64 } from "../../abi/abi.ts";
import { R } from "../../cpu/machine/state.ts";
import type { Task } from "../core/task.ts";
import { SIG } from "../signal/state/set.ts";
import { EVENT, MESSAGE, type Tracing } from "../signal/tracing.ts";
import { withRegisters } from "./registers.ts";

const OP = { NONE: 0, ENTRY: 1, EXIT: 2, SECCOMP: 3 } as const;
/** Bytes in use, by kind of stop. */
const SIZE = { [OP.NONE]: 24, [OP.ENTRY]: 80, [OP.EXIT]: 33, [OP.SECCOMP]: 84 } as const;
const SYSGOOD_TRAP = SIG.SIGTRAP | 0x80;

const opOf = ({ stop, message }: Tracing): keyof typeof SIZE => {
  const code = stop?.info?.code;
  if (code === SYSGOOD_TRAP) return message === MESSAGE.SYSCALL_ENTRY ? OP.ENTRY : message === MESSAGE.SYSCALL_EXIT ? OP.EXIT : OP.NONE;
  return code === (SIG.SIGTRAP | (EVENT.SECCOMP << 8)) ? OP.SECCOMP : OP.NONE;
};

/** struct ptrace_syscall_info of a stop. */
export const syscallInfo = (task: Task, tracing: Tracing): Uint8Array =>
  withRegisters(task, ({ state }) => {
    const op = opOf(tracing);
    const v = new DataView(new ArrayBuffer(SIZE[op]));
    v.setUint8(0, op);
    v.setUint32(4, (task.compat ? i386 : x64).auditArch, true);
    v.setBigInt64(8, BigInt(state.rip), true);
    v.setBigUint64(16, state.u64[R.sp] as bigint, true);
    if (op === OP.EXIT) {
      const value = task.compat ? BigInt(state.i32[2 * R.ax] as number) : (state.i64[R.ax] as bigint);
      v.setBigInt64(24, value, true);
      v.setUint8(32, value < 0n && value >= -4095n ? 1 : 0);
    } else if (op !== OP.NONE) {
      v.setBigUint64(24, BigInt.asUintN(64, BigInt(task.origAx)), true);
      const registers = task.compat ? [R.bx, R.cx, R.dx, R.si, R.di, R.bp] : [R.di, R.si, R.dx, R.r10, R.r8, R.r9];
      registers.forEach((r, i) => {
        const value = state.u64[r] as bigint;
        v.setBigUint64(32 + 8 * i, task.compat ? BigInt.asUintN(32, value) : value, true);
      });
      if (op === OP.SECCOMP) v.setUint32(80, tracing.message, true);
    }
    return new Uint8Array(v.buffer);
  });
