// A policy in TypeScript: rules in order, the first that matches a call decides. Its program is made of its
// meaning, and proved to have it.
import { type Abi, i386, X32_BIT, x32, x64 } from "../abi/abi.ts";
import { E, type ErrnoName } from "../abi/errno.ts";
import type { SyscallName } from "../abi/numbers.ts";
import { argumentsOf } from "../abi/signatures.ts";
import { syscallNumber } from "../abi/syscall-number.ts";
import { Problem } from "../problem.ts";
import {
  compare,
  type Diagram,
  diagramOf,
  diagramOfRoot,
  encodeProgram,
  type Node,
  Nodes,
  type Program,
  programOf,
  returnValue,
  select,
  upstream,
  Words,
} from "../seccomp/index.ts";
import type { ArgCondition } from "./arg.ts";

/** The verdict on a call. */
export interface Verdict {
  /** The filter's return value, with data. */
  readonly value: number;
}
const verdict = (action: Parameters<typeof returnValue>[1], data = 0): Verdict => ({
  value: returnValue(upstream.returns, action, data) as number,
});

/** The call runs. */
export const allow: Verdict = verdict("allow");
/** Allowed, and logged. */
export const log: Verdict = verdict("log");
/** The process ends by SIGSYS. */
export const killProcess: Verdict = verdict("kill_process");
/** The thread ends by SIGSYS; others go on. */
export const killThread: Verdict = verdict("kill_thread");
/** Asks the listener of the filter. */
export const notify: Verdict = verdict("user_notif");
/**
 * The call returns this error, by name or number (1 to 4095).
 *
 * @example
 * errno("EPERM")
 */
export const errno = (error: ErrnoName | number): Verdict => verdict("errno", typeof error === "number" ? error : E[error]);
/**
 * SIGSYS, with this si_errno.
 *
 * @example
 * trap(7)
 */
export const trap = (data = 0): Verdict => verdict("trap", data);
/**
 * Asks a tracer, with this event message.
 *
 * @example
 * trace(1)
 */
export const trace = (data = 0): Verdict => verdict("trace", data);

const abis = { x64, i386, x32 } as const;
/** ABIs by name: 64-bit, 32-bit (IA32), x32. */
export type AbiName = keyof typeof abis;

/** Options of `policy`. */
export interface PolicyOptions {
  /** For calls without a rule. */
  readonly default: Verdict;
  /** ABIs whose calls the rules are about. By default x64 alone. */
  readonly arch?: readonly AbiName[];
  /** For calls of any other ABI, x32's among them. By default `killProcess`. */
  readonly otherArch?: Verdict;
}

interface Rule {
  readonly names: readonly SyscallName[];
  readonly conditions: readonly ArgCondition[];
  readonly verdict: Verdict;
}

/** Names of calls, and conditions that all of them share. */
export type Clause = SyscallName | ArgCondition;

/**
 * A policy in TypeScript. It never changes: `allow`, `on` and `first` return a new one.
 *
 * @example
 * const base = policy({ default: errno("EPERM") }).allow("read", "write");
 * const network = base.allow("socket", arg(0).in(AF.INET, AF.INET6));
 */
export class TypedPolicy {
  readonly #options: PolicyOptions;
  readonly #rules: readonly Rule[];
  readonly #abis: readonly Abi[];
  #diagram: Diagram | undefined;
  #program: Program | undefined;

  constructor(options: PolicyOptions, rules: readonly Rule[] = []) {
    this.#options = options;
    this.#rules = rules;
    this.#abis = (options.arch ?? ["x64"]).map((name) => abis[name]);
  }

  /**
   * These calls are allowed where all conditions hold. @example policy.allow("socket", arg(0).in(AF.UNIX,
   * AF.INET))
   */
  allow(...clauses: readonly [Clause, ...Clause[]]): TypedPolicy {
    return this.on(allow, ...clauses);
  }
  /**
   * These calls get a verdict of their own where all conditions hold. @example policy.on(errno("ENOSYS"),
   * "clone3")
   */
  on(verdict: Verdict, ...clauses: readonly [Clause, ...Clause[]]): TypedPolicy {
    return new TypedPolicy(this.#options, [...this.#rules, this.#rule(verdict, clauses)]);
  }
  /** As `on`, before all rules that there are: it decides where they would, too. */
  first(verdict: Verdict, ...clauses: readonly [Clause, ...Clause[]]): TypedPolicy {
    return new TypedPolicy(this.#options, [this.#rule(verdict, clauses), ...this.#rules]);
  }
  /** The ABIs whose calls the rules are about. */
  get arch(): readonly AbiName[] {
    return this.#abis.map(({ name }) => name);
  }
  /** The same rules for one more ABI. */
  withArch(abi: AbiName): TypedPolicy {
    return new TypedPolicy({ ...this.#options, arch: [...new Set([...this.arch, abi])] }, this.#rules);
  }

  #rule(verdict: Verdict, clauses: readonly Clause[]): Rule {
    const names = clauses.filter((clause) => typeof clause === "string");
    const conditions = clauses.filter((clause) => typeof clause !== "string");
    for (const name of names) {
      const known = this.#abis.some((abi) => syscallNumber(name, abi) !== undefined);
      if (!known) throw new Problem("policy-call", `${this.#abis.map((abi) => abi.name).join(", ")}: there is no system call "${name}"`);
    }
    if (names.length === 0) throw new Problem("bad-policy", "a rule without a system call");
    return { names, conditions, verdict };
  }

  /** The meaning of the policy, for `compare` and explanations. */
  get diagram(): Diagram {
    return (this.#diagram ??= this.#meaning(new Nodes()));
  }
  /** The filter. */
  get program(): Program {
    return (this.#program ??= this.#compile());
  }
  /** The filter as an array of struct sock_filter, little endian. */
  bpf(): Uint8Array {
    return encodeProgram(this.program);
  }

  #compile(): Program {
    const { diagram } = this;
    const program = programOf(diagram);
    if (compare(diagram, diagramOf(program, upstream, diagram.nodes)).verdict !== "equal") {
      throw new Error("the compiled filter differs from the policy in meaning");
    }
    return program;
  }
  #meaning(nodes: Nodes): Diagram {
    const words = new Words(nodes);
    const other = nodes.terminal((this.#options.otherArch ?? killProcess).value);
    const calls = new Map(this.#abis.map((abi) => [abi, this.#calls(words, abi)]));
    const byArch = new Map<number, Node>();
    const [by32, by64, byX32] = [calls.get(i386), calls.get(x64), calls.get(x32)];
    if (by32 !== undefined) byArch.set(i386.auditArch, by32);
    if (by64 !== undefined || byX32 !== undefined) {
      // -1, which a tracer leaves of a call that is to be skipped, is above x32's numbers.
      const bit = words.atLeast(words.input("sys_number"), words.constant(X32_BIT));
      byArch.set(x64.auditArch, nodes.choose(bit, byX32 ?? other, by64 ?? other));
    }
    return diagramOfRoot(nodes, select(nodes, "arch", byArch, other));
  }
  #calls(words: Words, abi: Abi): Node {
    const { nodes } = words;
    const byDefault = nodes.terminal(this.#options.default.value);
    const byNumber = new Map<number, Node>();
    for (const { names, conditions, verdict: then } of this.#rules.toReversed()) {
      for (const name of names) {
        const number = syscallNumber(name, abi);
        if (number === undefined) continue;
        const condition = conditions.reduce<Node>((sofar, c) => nodes.and(sofar, c.node(words, widthOf(name, abi, c))), 1);
        byNumber.set(number, nodes.choose(condition, nodes.terminal(then.value), byNumber.get(number) ?? byDefault));
      }
    }
    return select(nodes, "sys_number", byNumber, byDefault);
  }
}

/** 32-bit ABIs have 32-bit arguments; of others the kernel's declaration says. */
const widthOf = (name: SyscallName, abi: Abi, { index, width }: ArgCondition): 32 | 64 => {
  if (abi.long === 4) return 32;
  if (width !== "auto") return width;
  const type = argumentsOf(name)?.[index]?.type;
  return type === "int" || type === "uint" ? 32 : 64;
};

/**
 * A policy. Rules are added by `allow` and `on`, which return a new policy; the first rule that matches a
 * call decides.
 *
 * @example
 * const sandbox = policy({ default: errno("EPERM"), arch: ["x64", "i386"] })
 *   .allow("read", "write", "exit_group")
 *   .allow("socket", arg(0).in(AF.UNIX, AF.INET));
 * await new Machine().run(elf, { policy: sandbox.bpf() });
 */
export const policy = (options: PolicyOptions): TypedPolicy => new TypedPolicy(options);
