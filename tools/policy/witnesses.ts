// Witness calls on the kernel under us. Each return of a filter becomes an error that names it, so that no
// call is carried out.
import { i386, x64 } from "../../src/abi/abi.ts";
import { BPF, evaluate, type Program, type SyscallData, upstream, wordsOf } from "../../src/seccomp/index.ts";
import { nativeRun, type Trial } from "../seccomp/judge.ts";
import type { Report } from "./compare.ts";

export interface Asked {
  readonly program: Program;
  readonly data: SyscallData;
}

const ERRNO = 0x0005_0000;
const MOST = 4000;
/** User addresses of x86-64 end here, and the judge's own code is not in the way. */
const HIGHEST = 2 ** 47 - 4096;
const LOWEST = 0x10_0000;

/** Undefined: it returns A, or too many values. */
const harmless = (program: Program): { readonly program: Program; readonly values: readonly number[] } | undefined => {
  const isReturn = (code: number): boolean => (code & 7) === BPF.RET;
  if (program.some(({ code }) => isReturn(code) && code !== (BPF.RET | BPF.K))) return undefined;
  const values = [...new Set(program.filter(({ code }) => isReturn(code)).map(({ k }) => k))];
  if (values.length > MOST) return undefined;
  return { values, program: program.map((insn) => (isReturn(insn.code) ? { ...insn, k: ERRNO + 1 + values.indexOf(insn.k) } : insn)) };
};

/** uretprobe and uprobe pass every filter: Linux 6.14 and 6.18 (and stable kernels) secure_computing(). */
const EXEMPT = [335, 336];

/** True if a door leads to such a call, at such an address. */
const reachable = ({ arch, nr, ipLo, ipHi }: SyscallData): boolean => {
  const ip = ipHi * 2 ** 32 + ipLo;
  return (
    (arch === x64.auditArch || arch === i386.auditArch) &&
    nr !== -1 &&
    !(arch === x64.auditArch && EXEMPT.includes(nr)) &&
    (ip === 0 || (ip >= LOWEST && ip < HIGHEST))
  );
};

/** True if calls under a program can be carried out. */
export const isHarmless = (program: Program): boolean => harmless(program) !== undefined;
/** True if the native kernel can judge a call under a program. */
export const canBeAsked = ({ program, data }: Asked): boolean => harmless(program) !== undefined && reachable(data);

/** The kernel's answer for each call against the evaluator's. `hits`: calls that some door leads to. */
export const confirmNatively = (asked: readonly Asked[]): Report => {
  const trials: Trial[] = [];
  const wanted: number[] = [];
  for (const { program, data } of asked) {
    const made = harmless(program);
    if (!made || !reachable(data)) continue;
    const at = data.ipLo === 0 && data.ipHi === 0 ? { ...data, ipLo: 0x4000_1000 } : data;
    const value = evaluate(upstream, program, wordsOf(upstream.layout, at));
    trials.push({ program: made.program, cases: [{ door: at.arch === i386.auditArch ? "int80" : "syscall", exists: false, data: at }] });
    wanted.push(1 + made.values.indexOf(value));
  }
  const differences: string[] = [];
  for (const [n, [outcome]] of nativeRun(trials).entries()) {
    const found = outcome?.kind === "returned" ? -outcome.value : undefined;
    if (found !== wanted[n])
      differences.push(
        `${JSON.stringify({ ...trials[n]?.cases[0]?.data, args: [...(trials[n]?.cases[0]?.data.args ?? [])].map((x) => x.toString(16)) })}: the kernel returned ${JSON.stringify(outcome)}, the evaluator's value is number ${wanted[n]}`,
      );
  }
  return { compared: asked.length, hits: trials.length, differences };
};
