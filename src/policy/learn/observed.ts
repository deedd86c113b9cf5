// Calls of programs as a learner keeps them: how often, and their arguments where an argument has few values.
import { type Abi, i386, x32, x64 } from "../../abi/abi.ts";
import type { SyscallData } from "../../seccomp/index.ts";
import { someData } from "../../seccomp/wants.ts";
import { check, wholeNumber, word32 } from "../../wants.ts";
import { abiOf, nameOf } from "../names.ts";
import { argumentOf, choices } from "../why/queried-call.ts";

/** More combinations of arguments are not told apart. */
const MOST = 64;

/**
 * Arguments that follow the timing of threads, the kernel or the processor rather than the program. Another
 * run of the same program has other values. Without indices: all arguments.
 */
const UNSTABLE: Readonly<Record<string, readonly number[] | undefined>> = {
  ...Object.fromEntries(
    "futex futex_time64 getrandom rt_sigprocmask lseek _llseek madvise rseq membarrier statx epoll_ctl access faccessat2"
      .split(" ")
      .map((name) => [name, undefined]),
  ),
  mmap: [3],
  mmap2: [3],
};
const isStable = (name: string | undefined, index: number): boolean =>
  name === undefined || !Object.hasOwn(UNSTABLE, name) || UNSTABLE[name]?.includes(index) === false;

/** One call of one ABI. */
export interface ObservedCall {
  readonly abi: Abi["name"];
  /** As filters see it. */
  readonly number: number;
  /** Undefined: the ABI has no call of this number. */
  readonly name: string | undefined;
  count: number;
  /** Indices of arguments that are kept, with the bits that the kernel looks at. */
  readonly kept: readonly { readonly index: number; readonly mask: bigint }[];
  /** Combinations of the kept arguments; undefined: there were too many. */
  values: bigint[][] | undefined;
}

const aCount = wholeNumber(0, 2 ** 53);
const abiByName = { x64, i386, x32 } as const;

/**
 * Collects calls of any number of runs. Give `add` to the hook `logged` of runs under a policy of `return
 * LOG`.
 *
 * @example
 * const seen = new Observed();
 * const hooks = { logged: (call) => seen.add(call) };
 * await Machine.run("/bin/true", { root: hostTree("/"), policy: "return LOG", hooks });
 * const { profile } = learn(seen);
 */
export class Observed {
  readonly #calls = new Map<string, ObservedCall>();

  /** In order of ABI and number. */
  get calls(): readonly ObservedCall[] {
    return [...this.#calls.values()].sort((a, b) => (a.abi === b.abi ? a.number - b.number : a.abi < b.abi ? 1 : -1));
  }
  get total(): number {
    return this.calls.reduce((sum, { count }) => sum + count, 0);
  }

  add(data: SyscallData): void {
    check("observed.add", { data: someData }, [data]);
    const abi = abiOf(data.arch, data.nr) ?? x64;
    const number = data.nr >>> 0;
    const call = this.#call(abi, number);
    call.count++;
    this.#values(
      call,
      call.kept.map(({ index, mask }) => argumentOf(data, index) & mask),
    );
  }
  #call(abi: Abi, number: number): ObservedCall {
    const key = `${abi.name} ${number}`;
    const known = this.#calls.get(key);
    if (known) return known;
    const name = nameOf(number, abi);
    const data = { nr: number | 0, arch: abi.auditArch, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
    const kept = [...choices({ data, abi, number, name })]
      .filter(([index]) => isStable(name, index))
      .map(([index, mask]) => ({ index, mask }));
    const made: ObservedCall = { abi: abi.name, number, name, count: 0, kept, values: [] };
    this.#calls.set(key, made);
    return made;
  }
  #values(call: ObservedCall, values: bigint[]): void {
    if (!call.values || call.values.some((there) => there.every((value, i) => value === values[i]))) return;
    if (call.values.length >= MOST) call.values = undefined;
    else call.values.push(values);
  }

  /** The input of `merge`, for a file. */
  json(): object {
    return this.calls.map(({ abi, number, name, count, values }) => ({
      abi,
      number,
      name,
      count,
      values: values?.map((list) => list.map((value) => `0x${value.toString(16)}`)),
    }));
  }
  /** Adds the calls of another learner. False if the value has another form. */
  merge(written: unknown): boolean {
    if (!Array.isArray(written)) return false;
    for (const each of written as readonly unknown[]) {
      if (typeof each !== "object" || each === null) return false;
      const { abi, number, count, values } = each as Readonly<Record<string, unknown>>;
      if (typeof abi !== "string" || !Object.hasOwn(abiByName, abi) || word32(number, []) || aCount(count, [])) return false;
      const call = this.#call(abiByName[abi as keyof typeof abiByName], number as number);
      call.count += count as number;
      if (values === undefined) call.values = undefined;
      else if (!Array.isArray(values)) return false;
      for (const list of (values as readonly (readonly string[])[] | undefined) ?? []) {
        if (!Array.isArray(list) || list.length !== call.kept.length || !list.every((value) => /^0x[0-9a-f]{1,16}$/.test(String(value))))
          return false;
        this.#values(call, list.map(BigInt));
      }
    }
    return true;
  }
}
