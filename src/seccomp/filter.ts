// Filters of a task: a tree that only grows. A filter points to those attached before it; fork and clone share the pointer, and
// later attachments diverge. Linux kernel/seccomp.c struct seccomp_filter, seccomp_run_filters().
import { i386, x64 } from "../abi/abi.ts";
import type { Program } from "./bpf/insn.ts";
import { checkProgram } from "./check.ts";
import { type Compiled, compile, type FilterStep, type Start } from "./compile.ts";
import type { SyscallData } from "./data.ts";
import { evaluate, loadAddress, loadsData } from "./evaluate.ts";
import { wordsOf, writerOf } from "./layout.ts";
import { checkMemory, checkPath, countedLength } from "./path-limit.ts";
import type { FilterProblem } from "./problem.ts";
import type { SeccompProfile } from "./profile/profile.ts";
import { actionOf, actions, wins } from "./returns.ts";
import { SpecialisedFilter } from "./special.ts";

/** The struct seccomp_data of the call being judged. One for all: judging never nests. */
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const words = new Uint32Array(memory.buffer, 0, 16);

/**
 * Instructions that a program may have run in the evaluator before it is compiled. Measured on Node 20 with 749 instructions of the
 * shape of Docker's filter: 3.5 us evaluated, 0.1 us compiled, 0.2 to 0.4 ms to compile; so it pays after some 80 runs.
 */
const COMPILE_AFTER = 50_000;
/** A call into WebAssembly costs as much as evaluating this many instructions; and a module costs 20 KB. */
const WORTH_COMPILING = 8;

/** Numbers below this are remembered as always allowed; no ABI here has larger ones except x32's, as in Linux. */
const CACHED_NUMBERS = 512;
/** How often a number was asked about, then what all filters of the path together are for it; null: it would be no quicker. */
type MaybeSpecialised = number | SpecialisedFilter | null;
/**
 * Calls with one number after which the filters of a path are compiled for it: what they do before they look at an argument is done once,
 * and the rest is one function. It pays after some 500 calls where each costs a microsecond less.
 */
const SPECIALISE_AFTER = 200;
/** Longer paths are left alone. */
const SPECIALISE_DEPTH = 64;
/** The functions there are, of all filters, oldest first: a guest can ask for more than the host has memory for, so the oldest goes. */
const SPECIALISED = 128;
const specialised: { readonly table: MaybeSpecialised[]; readonly nr: number }[] = [];
const UNKNOWN = 0;
const ALWAYS = 1;
const SOMETIMES = 2;

export interface FilterOptions {
  /** AUDIT_ARCH_* of the door through which the filter is attached: the compat lock remembers it. */
  readonly arch: number;
  /** SECCOMP_FILTER_FLAG_LOG */
  readonly log?: boolean;
}

/** What the filters say about a call. Reused by the caller from call to call. */
export interface FilterResult {
  /** The winning return value; see `actionOf` and `dataOf`. */
  value: number;
  /** The filter that said it; null when all allow. */
  filter: Filter | null;
}

const compat = (arch: number): boolean => arch === i386.auditArch;

export class Filter {
  readonly profile: SeccompProfile;
  readonly program: Program;
  readonly prev: Filter | null;
  readonly log: boolean;
  readonly arch: number;
  /** Filters on the path, this one included. */
  readonly depth: number;
  /** Instructions of the path as given. */
  readonly instructions: number;
  /** Counted instructions of the path, this one and a penalty for each filter included. */
  readonly pathLength: number;
  /** What SECCOMP_FILTER_FLAG_NEW_LISTENER made; the kernel's own. */
  listener: object | null = null;
  readonly #always64 = new Uint8Array(CACHED_NUMBERS);
  readonly #always32 = new Uint8Array(CACHED_NUMBERS);
  readonly #writeWords: (data: SyscallData, into: Uint32Array) => void;
  readonly #allow: number;
  /** By number, of calls that filters look into. */
  readonly #special64: MaybeSpecialised[] = [];
  readonly #special32: MaybeSpecialised[] = [];
  #run: Compiled | undefined;
  #heat = 0;

  /** The program has passed the profile's checker and the path limit: see `attach`. */
  constructor(profile: SeccompProfile, prev: Filter | null, program: Program, options: FilterOptions) {
    this.profile = profile;
    this.program = program;
    this.prev = prev;
    this.log = options.log ?? false;
    this.arch = options.arch;
    this.depth = (prev?.depth ?? 0) + 1;
    this.instructions = (prev?.instructions ?? 0) + program.length;
    const penalty = profile.pathLimit?.penalty ?? 0;
    this.pathLength = (prev?.pathLength ?? 0) + countedLength(profile.pathLimit, program) + penalty;
    this.#writeWords = writerOf(profile.layout);
    this.#allow = allowValue(profile);
  }

  /** Per number of an ABI: UNKNOWN, ALWAYS or SOMETIMES. Derived from the programs, so no snapshot needs it. */
  #cache(arch: number): Uint8Array | undefined {
    return arch === x64.auditArch ? this.#always64 : arch === i386.auditArch ? this.#always32 : undefined;
  }

  /** Judges a call by this filter and all before it. Returns the value that it also writes into `verdict`. */
  decide(data: SyscallData, result: FilterResult): number {
    if (this.alwaysAllows(data.nr, data.arch)) {
      result.filter = null;
      result.value = this.#allow;
      return this.#allow;
    }
    const special = this.#specialFor(data);
    if (!special) return this.#runAll(data, result);
    this.#writeWords(data, words);
    if (!special.allows(data.args)) return this.#runAll(data, result);
    result.filter = null;
    result.value = this.#allow;
    return this.#allow;
  }

  /** Whether a number was found to be always allowed, at a door of 32 or 64 bits. Quicker than the other questions, for what most calls are. */
  hasConstantAllowed(nr: number, by32: boolean): boolean {
    return (by32 ? this.#always32 : this.#always64)[nr] === ALWAYS;
  }
  /** Whether all that is to be known of this call is that it is allowed: it always is, or was with arguments that look the same. */
  hasCachedAllowed(nr: number, arch: number, args: Uint32Array): boolean {
    if (this.alwaysAllows(nr, arch)) return true;
    const special = this.#specials(arch)?.[nr];
    return typeof special === "object" && special !== null && special.isCached(args);
  }
  #specials(arch: number): MaybeSpecialised[] | undefined {
    return arch === x64.auditArch ? this.#special64 : arch === i386.auditArch ? this.#special32 : undefined;
  }
  #specialFor({ nr, arch }: SyscallData): SpecialisedFilter | null {
    const known = this.#specials(arch);
    if (!known || nr < 0 || nr >= CACHED_NUMBERS) return null;
    const special = known[nr] ?? 0;
    if (typeof special !== "number") return special;
    known[nr] = special + 1;
    if (special < SPECIALISE_AFTER) return null;
    const made = this.#specialise(nr, arch);
    known[nr] = made;
    if (made && specialised.push({ table: known, nr }) > SPECIALISED) {
      const oldest = specialised.shift();
      if (oldest) oldest.table[oldest.nr] = 0;
    }
    return made;
  }
  #specialise(nr: number, arch: number): SpecialisedFilter | null {
    if (this.depth > SPECIALISE_DEPTH || (this.profile.compatLock && compat(arch) !== compat(this.arch))) return null;
    const steps: FilterStep[] = [];
    for (let filter: Filter | null = this; filter; filter = filter.prev) {
      const { start, value } = filter.#upToArguments(nr, arch);
      if (start) steps.push({ program: filter.program, start });
      else if (value !== this.#allow) return null;
    }
    try {
      return new SpecialisedFilter(this.profile, steps, this.#allow, memory);
    } catch {
      return null;
    }
  }

  #runAll(data: SyscallData, result: FilterResult): number {
    const { returns, compatLock } = this.profile;
    result.filter = null;
    result.value = this.#allow;
    if (compatLock && compat(data.arch) !== compat(this.arch)) {
      result.filter = this;
      result.value = 0;
      return 0;
    }
    this.#writeWords(data, words);
    for (let filter: Filter | null = this; filter; filter = filter.prev) {
      const value = filter.#evaluate();
      if (returns.combine === "first-not-allow") {
        if (actionOf(returns, value) === "allow") continue;
        result.filter = filter;
        result.value = value;
        break;
      }
      if (wins(returns, value, result.value)) {
        result.filter = filter;
        result.value = value;
      }
    }
    return result.value;
  }

  /** This filter alone, on the words in memory. */
  #evaluate(): number {
    if (this.#run) return this.#run() >>> 0;
    this.#heat += this.program.length;
    if (this.#heat > COMPILE_AFTER && this.program.length >= WORTH_COMPILING) this.#compile();
    return evaluate(this.profile, this.program, words);
  }

  #compile(): void {
    this.#heat = Number.NEGATIVE_INFINITY;
    try {
      this.#run = compile(this.profile, this.program, memory);
    } catch {
      // A page whose policy forbids WebAssembly, or a browser's main thread, goes on with the evaluator.
    }
  }

  /**
   * Whether this filter and all before it allow the number whatever the arguments. Linux kernel/seccomp.c
   * seccomp_is_const_allow() finds less: it gives up at arithmetic. Nothing that a guest sees depends on it.
   * Numbers that are not remembered (x32's, negative ones) get false.
   */
  alwaysAllows(nr: number, arch: number): boolean {
    const cache = nr >= 0 && nr < CACHED_NUMBERS ? this.#cache(arch) : undefined;
    if (!cache) return false;
    if (cache[nr] === UNKNOWN) cache[nr] = this.#computeConstant(nr, arch) ? ALWAYS : SOMETIMES;
    return cache[nr] === ALWAYS;
  }

  /** Up to the first filter that knows the answer for the rest of the path. */
  #computeConstant(nr: number, arch: number): boolean {
    if (this.profile.compatLock && compat(arch) !== compat(this.arch)) return false;
    for (let filter: Filter | null = this; filter; filter = filter.prev) {
      const known = filter.#cache(arch)?.[nr];
      if (known) return known === ALWAYS;
      if (!filter.#allowsAlone(nr, arch)) return false;
    }
    return true;
  }

  /** The program allows and has looked at nothing but the number and arch on its way. */
  #allowsAlone(nr: number, arch: number): boolean {
    const { start, value } = this.#upToArguments(nr, arch);
    return !start && actionOf(this.profile.returns, value) === "allow";
  }

  /** Where the program first looks at something other than the number and arch; if it does not, what it returns. */
  #upToArguments(nr: number, arch: number): { start: Start | undefined; value: number } {
    const zeros = { nr, arch, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
    let start: Start | undefined;
    const value = evaluate(this.profile, this.program, wordsOf(this.profile.layout, zeros), (pc, a, x, mem) => {
      const insn = this.program[pc];
      // nr, and arch or what is in its place, are the first eight bytes in every layout.
      if (!start && insn && loadsData(insn) && loadAddress(insn, x) + 4 > 8) start = { pc, a, x, mem: mem.slice() };
    });
    return { start, value };
  }

  /** From this filter to the oldest. */
  *chain(): Generator<Filter> {
    for (let filter: Filter | null = this; filter; filter = filter.prev) yield filter;
  }
}

const allowValue = (profile: SeccompProfile): number =>
  profile.returns.actions.find((r) => r.action === "allow")?.value ?? actions.allow.value;

/** Whether `ancestor` is on the path of `filter`; null is on every path. What TSYNC asks of each thread. */
export const isAncestor = (ancestor: Filter | null, filter: Filter | null): boolean => {
  if (ancestor === null) return true;
  for (let f = filter; f; f = f.prev) if (f === ancestor) return true;
  return false;
};

/** The step "compat" of the profile's attach order. */
export const checkCompatLock = (profile: SeccompProfile, prev: Filter | null, arch: number): FilterProblem | undefined =>
  profile.compatLock && prev && compat(prev.arch) !== compat(arch)
    ? { code: "compat-lock", errno: "EACCES", message: "the filters before it came through the other ABI's door" }
    : undefined;

/** The step "check". */
export const checkFilter = (profile: SeccompProfile, program: Program): FilterProblem | undefined =>
  checkProgram(profile.checker, program, profile.layout.size);

/** The step "path". */
export const checkFilterPath = (profile: SeccompProfile, prev: Filter | null, program: Program): FilterProblem | undefined =>
  checkPath(profile.pathLimit, prev?.pathLength ?? 0, countedLength(profile.pathLimit, program)) ??
  checkMemory((prev?.depth ?? 0) + 1, (prev?.instructions ?? 0) + program.length);

/** All steps that need no task, then the new head of the chain. A kernel takes the steps one by one, in the profile's order. */
export const attach = (
  profile: SeccompProfile,
  prev: Filter | null,
  program: Program,
  options: FilterOptions = { arch: x64.auditArch },
): Filter | FilterProblem =>
  checkFilter(profile, program) ??
  checkCompatLock(profile, prev, options.arch) ??
  checkFilterPath(profile, prev, program) ??
  new Filter(profile, prev, program, options);
