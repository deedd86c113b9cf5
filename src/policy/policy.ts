// A policy in TypeScript: rules in order, the first that matches a call decides. Its program is made of its
// meaning, and proved to have it.
import { type Abi, i386, X32_BIT, x32, x64 } from "../abi/abi.ts";
import { E, type ErrnoName } from "../abi/errno.ts";
import type { SyscallName } from "../abi/numbers.ts";
import { argumentsOf } from "../abi/signatures.ts";
import { isSyscallName, syscallNumber, syscallsOf } from "../abi/syscall-number.ts";
import { didYouMean } from "../nearest.ts";
import { Problem } from "../problem.ts";
import {
  compare,
  type Diagram,
  diagramOf,
  diagramOfRoot,
  encodeProgram,
  type Node,
  Nodes,
  NotWritable,
  type Program,
  programOf,
  returnValue,
  select,
  upstream,
  Words,
} from "../seccomp/index.ts";
import {
  aText,
  check,
  either,
  listOf,
  oneOf,
  optional,
  optionsOf,
  shapeOf,
  shown,
  takes,
  type Want,
  wants,
  wholeNumber,
  word32,
} from "../wants.ts";
import { ArgCondition } from "./arg.ts";

const ERRNO = 0x0005_0000;
const MAX_ERRNO = 4095;

/** The verdict on a call. */
export interface Verdict {
  /** The filter's return value, with data. */
  readonly value: number;
}
const verdict = (action: Parameters<typeof returnValue>[1], data = 0): Verdict => ({
  value: returnValue(upstream.returns, action, data) as number,
});
const { actions, mask } = upstream.returns;
/** A plain object, so that policies can be kept as data; its action must be one of Linux. */
const aVerdict: Want = (value, args) => {
  const fault = wants('a verdict such as allow or errno("EPERM")', (one) => {
    if (typeof one !== "object" || one === null || !("value" in one) || word32(one.value, args)) return false;
    const kind = ((one.value as number) & mask) >>> 0;
    return actions.some((row) => row.value === kind) && (kind !== ERRNO || ((one.value as number) & 0xffff) <= MAX_ERRNO);
  })(value, args);
  return fault && typeof value === "string" && Object.hasOwn(E, value)
    ? { ...fault, help: `write errno(${JSON.stringify(value)})` }
    : fault;
};

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
const errnoNames = Object.keys(E);
const anErrno: Want = (value, args) =>
  typeof value === "string" ? oneOf(errnoNames)(value, args) : wholeNumber(1, MAX_ERRNO)(value, args);
const someData = optional(wholeNumber(0, 0xffff));
/**
 * The call returns this error, by name or number (1 to 4095).
 *
 * @example
 * errno("EPERM")
 */
export const errno = takes(
  "errno",
  { error: anErrno },
  (error: ErrnoName | number): Verdict => verdict("errno", typeof error === "number" ? error : E[error]),
);
/**
 * SIGSYS, with this si_errno.
 *
 * @example
 * trap(7)
 */
export const trap = takes("trap", { data: someData }, (data = 0): Verdict => verdict("trap", data));
/**
 * Asks a tracer, with this event message.
 *
 * @example
 * trace(1)
 */
export const trace = takes("trace", { data: someData }, (data = 0): Verdict => verdict("trace", data));

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

const anAbiName = oneOf(Object.keys(abis));
const someOptions = optionsOf<PolicyOptions>({ default: aVerdict, arch: optional(listOf(anAbiName, 1)), otherArch: optional(aVerdict) });

interface Rule {
  readonly names: readonly SyscallName[];
  readonly conditions: readonly ArgCondition[];
  readonly verdict: Verdict;
}

/** Names of calls, and conditions that all of them share. */
export type Clause = SyscallName | ArgCondition;
const isCondition = (clause: unknown): clause is ArgCondition => clause instanceof ArgCondition;
const aClause = either("the name of a system call, or a condition such as arg(0).eq(1)", aText, wants("a condition", isCondition));
const aRule = shapeOf<Rule>("a rule", { names: listOf(aText), conditions: listOf(wants("a condition", isCondition)), verdict: aVerdict });

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
    // Rules of a policy are checked when they are added: a policy of thousands would check all for each.
    if (TypedPolicy.#checked.has(rules)) check("policy", { options: someOptions }, [options]);
    else check("policy", { options: someOptions, rules: listOf(aRule) }, [options, rules]);
    this.#options = options;
    this.#rules = rules;
    this.#abis = [...new Set(options.arch ?? (["x64"] as const))].map((name) => abis[name]);
  }

  static readonly #checked = new WeakSet<readonly Rule[]>();
  #with(rules: readonly Rule[], options = this.#options): TypedPolicy {
    TypedPolicy.#checked.add(rules);
    return new TypedPolicy(options, rules);
  }

  /**
   * These calls are allowed where all conditions hold. @example policy.allow("socket", arg(0).in(AF.UNIX,
   * AF.INET))
   */
  allow(...clauses: readonly [Clause, ...Clause[]]): TypedPolicy {
    return this.#with([...this.#rules, this.#rule("allow", allow, clauses)]);
  }
  /**
   * These calls get a verdict of their own where all conditions hold. @example policy.on(errno("ENOSYS"),
   * "clone3")
   */
  on(verdict: Verdict, ...clauses: readonly [Clause, ...Clause[]]): TypedPolicy {
    return this.#with([...this.#rules, this.#rule("on", verdict, clauses)]);
  }
  /** As `on`, before all rules that there are: it decides where they would, too. */
  first(verdict: Verdict, ...clauses: readonly [Clause, ...Clause[]]): TypedPolicy {
    return this.#with([this.#rule("first", verdict, clauses), ...this.#rules]);
  }
  /** The ABIs whose calls the rules are about. */
  get arch(): readonly AbiName[] {
    return this.#abis.map(({ name }) => name);
  }
  /** The same rules for one more ABI. */
  withArch(abi: AbiName): TypedPolicy {
    check("policy.withArch", { abi: anAbiName }, [abi]);
    return this.#with(this.#rules, { ...this.#options, arch: [...new Set([...this.arch, abi])] });
  }

  #rule(method: string, verdict: Verdict, clauses: readonly Clause[]): Rule {
    check(`policy.${method}`, { verdict: aVerdict, clauses: listOf(aClause) }, [verdict, clauses]);
    const names = clauses.filter((clause) => typeof clause === "string");
    const conditions = clauses.filter(isCondition);
    for (const name of names) this.#known(method, name);
    if (names.length === 0) throw new Problem("bad-policy", `policy.${method}: a rule without a system call`);
    return { names, conditions, verdict };
  }
  #known(method: string, name: string): void {
    if (this.#abis.some((abi) => isSyscallName(name) && syscallNumber(name, abi) !== undefined)) return;
    const here = this.#abis.map((abi) => abi.name).join(", ");
    const elsewhere = isSyscallName(name) && Object.values(abis).find((abi) => syscallNumber(name, abi) !== undefined);
    const names = this.#abis.flatMap((abi) => [...syscallsOf(abi).values()]);
    throw new Problem("policy-call", `policy.${method}: ${here}: there is no system call ${shown(name)}`, {
      help: elsewhere
        ? `${elsewhere.name} has it: arch: [${[...this.arch, elsewhere.name].map((each) => JSON.stringify(each)).join(", ")}]`
        : didYouMean(name, names),
    });
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
    const program = this.#written(diagram);
    if (compare(diagram, diagramOf(program, upstream, diagram.nodes)).verdict !== "equal") {
      throw new Error("the compiled filter differs from the policy in meaning");
    }
    return program;
  }
  #written(diagram: Diagram): Program {
    try {
      return programOf(diagram);
    } catch (error) {
      if (!(error instanceof NotWritable)) throw error;
      throw new Problem("not-writable", `the policy: ${error.message}`, { cause: error });
    }
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
export const policy = takes("policy", { options: someOptions }, (options: PolicyOptions): TypedPolicy => new TypedPolicy(options));
