// The filters of a task: a tree that only grows. A filter points to the filters attached before it. fork and
// clone share the pointer; later attachments diverge. Linux kernel/seccomp.c struct seccomp_filter,
// seccomp_run_filters().
import { i386, x64 } from "../abi/abi.ts";
import { aFlag, check, optional, optionsOf, takes, wants, word32 } from "../wants.ts";
import type { Program } from "./bpf/insn.ts";
import { aProgram } from "./bpf/wants.ts";
import { checkProgram } from "./check.ts";
import { type CompiledFilter, compile, type FilterStep, type Start } from "./compile.ts";
import type { SyscallData } from "./data.ts";
import { execute, loadAddress, loadsData } from "./evaluate.ts";
import { writerOf } from "./layout.ts";
import { checkMemory, checkPath, countedLength } from "./path-limit.ts";
import type { FilterProblem } from "./problem.ts";
import type { SeccompProfile } from "./profile/profile.ts";
import { actions, wins } from "./returns.ts";
import { SpecialisedFilter } from "./special.ts";
import { actionOf, wordsOf } from "./unchecked.ts";
import { aProfile } from "./wants.ts";

/** The struct seccomp_data of the current evaluation. One buffer suffices, because evaluations never nest. */
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const words = new Uint32Array(memory.buffer, 0, 16);

/**
 * Instructions that a program may execute in the evaluator before it is compiled. The compilation then costs
 * less than the evaluations that it replaces.
 */
const COMPILE_AFTER = 50_000;
/**
 * Programs of fewer instructions are not compiled: a call into WebAssembly costs as much, and a module takes
 * memory.
 */
const WORTH_COMPILING = 8;

/**
 * Numbers below this have an entry in the cache of constant results. No ABI here has larger ones except x32,
 * as in Linux.
 */
const CACHED_NUMBERS = 512;
/**
 * The count of evaluations of a number, then the specialised filter of the path for it. Null: a specialised
 * filter would not be faster.
 */
type MaybeSpecialised = number | SpecialisedFilter | null;
/**
 * Evaluations of a number after which the filters of its path are compiled for it. The program parts before
 * the first access to an argument are then evaluated once, and the rest is one function.
 */
const SPECIALISE_AFTER = 200;
/** Longer paths are not specialised. */
const SPECIALISE_DEPTH = 64;
/**
 * Bound of the specialised filters of all paths, oldest first. A guest could otherwise exhaust the host's
 * memory.
 */
const SPECIALISED = 128;
const specialised: { readonly table: MaybeSpecialised[]; readonly nr: number }[] = [];
const UNKNOWN = 0;
const ALWAYS = 1;
const SOMETIMES = 2;

/** Options of `attach`. */
export interface FilterOptions {
  /** AUDIT_ARCH_* of the door through which the filter is attached, for the compat lock. */
  readonly arch: number;
  /** SECCOMP_FILTER_FLAG_LOG */
  readonly log?: boolean;
}

/** The result of the filters for a call. The caller reuses the object. */
export interface FilterResult {
  /** The winning return value; see `actionOf` and `dataOf`. */
  value: number;
  /** The filter that returned it; null if all filters allow. */
  filter: Filter | null;
}

const compat = (arch: number): boolean => arch === i386.auditArch;

/**
 * An attached filter and those that the task had before: the head of a chain. `attach` makes it.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const filter = attach(upstream, null, program);
 * if (!(filter instanceof Filter)) throw new Error(filter.message);
 * filter.depth;   // 1
 */
export class Filter {
  readonly profile: SeccompProfile;
  readonly program: Program;
  readonly prev: Filter | null;
  readonly log: boolean;
  readonly arch: number;
  /** The number of filters on the path, including this one. */
  readonly depth: number;
  /** The number of instructions on the path, before conversion. */
  readonly instructions: number;
  /** Counted instructions of the path, including this filter and a penalty per filter. */
  readonly pathLength: number;
  /** The listener of SECCOMP_FILTER_FLAG_NEW_LISTENER; owned by the kernel. */
  listener: object | null = null;
  private readonly _always64 = new Uint8Array(CACHED_NUMBERS);
  private readonly _always32 = new Uint8Array(CACHED_NUMBERS);
  private readonly _writeWords: (data: SyscallData, into: Uint32Array) => void;
  private readonly _allow: number;
  /** By number: specialised filters of calls whose arguments matter. */
  private readonly _special64: MaybeSpecialised[] = [];
  private readonly _special32: MaybeSpecialised[] = [];
  private _run: CompiledFilter | undefined;
  private _heat = 0;

  /** The program must have passed the profile's checker and the path limit: see `attach`. */
  constructor(profile: SeccompProfile, prev: Filter | null, program: Program, options: FilterOptions) {
    check("new Filter", { profile: aProfile, prev: perhapsFilter, program: aProgram, options: someFilterOptions }, [
      profile,
      prev,
      program,
      options,
    ]);
    this.profile = profile;
    this.program = program;
    this.prev = prev;
    this.log = options.log ?? false;
    this.arch = options.arch;
    this.depth = (prev?.depth ?? 0) + 1;
    this.instructions = (prev?.instructions ?? 0) + program.length;
    const penalty = profile.pathLimit?.penalty ?? 0;
    this.pathLength = (prev?.pathLength ?? 0) + countedLength(profile.pathLimit, program) + penalty;
    this._writeWords = writerOf(profile.layout);
    this._allow = allowValue(profile);
  }

  /** Per number of an ABI: UNKNOWN, ALWAYS or SOMETIMES. Derived from the programs, so snapshots omit it. */
  private _cache(arch: number): Uint8Array | undefined {
    return arch === x64.auditArch ? this._always64 : arch === i386.auditArch ? this._always32 : undefined;
  }

  /** Evaluates a call by this filter and all before it. Writes `result` and returns its value. */
  decide(data: SyscallData, result: FilterResult): number {
    if (this.alwaysAllows(data.nr, data.arch)) {
      result.filter = null;
      result.value = this._allow;
      return this._allow;
    }
    const special = this._specialFor(data);
    if (!special) return this._runAll(data, result);
    this._writeWords(data, words);
    if (!special.allows(data.args)) return this._runAll(data, result);
    result.filter = null;
    result.value = this._allow;
    return this._allow;
  }

  /**
   * True if a number is known to be always allowed, at a 32-bit or 64-bit door. The fastest check, for most
   * calls.
   */
  hasConstantAllowed(nr: number, by32: boolean): boolean {
    return (by32 ? this._always32 : this._always64)[nr] === ALWAYS;
  }
  /** True if this call is known to be allowed: always, or with equal arguments before. */
  hasCachedAllowed(nr: number, arch: number, args: Uint32Array): boolean {
    if (this.alwaysAllows(nr, arch)) return true;
    const special = this._specials(arch)?.[nr];
    return typeof special === "object" && special !== null && special.isCached(args);
  }
  private _specials(arch: number): MaybeSpecialised[] | undefined {
    return arch === x64.auditArch ? this._special64 : arch === i386.auditArch ? this._special32 : undefined;
  }
  private _specialFor({ nr, arch }: SyscallData): SpecialisedFilter | null {
    const known = this._specials(arch);
    if (!known || nr < 0 || nr >= CACHED_NUMBERS) return null;
    const special = known[nr] ?? 0;
    if (typeof special !== "number") return special;
    known[nr] = special + 1;
    if (special < SPECIALISE_AFTER) return null;
    const made = this._specialise(nr, arch);
    known[nr] = made;
    if (made && specialised.push({ table: known, nr }) > SPECIALISED) {
      const oldest = specialised.shift();
      if (oldest) oldest.table[oldest.nr] = 0;
    }
    return made;
  }
  private _specialise(nr: number, arch: number): SpecialisedFilter | null {
    if (this.depth > SPECIALISE_DEPTH || (this.profile.compatLock && compat(arch) !== compat(this.arch))) return null;
    const steps: FilterStep[] = [];
    for (let filter: Filter | null = this; filter; filter = filter.prev) {
      const { start, value } = filter._upToArguments(nr, arch);
      if (start) steps.push({ program: filter.program, start });
      else if (value !== this._allow) return null;
    }
    try {
      return new SpecialisedFilter(this.profile, steps, this._allow, memory);
    } catch {
      return null;
    }
  }

  private _runAll(data: SyscallData, result: FilterResult): number {
    const { returns, compatLock } = this.profile;
    result.filter = null;
    result.value = this._allow;
    if (compatLock && compat(data.arch) !== compat(this.arch)) {
      result.filter = this;
      result.value = 0;
      return 0;
    }
    this._writeWords(data, words);
    for (let filter: Filter | null = this; filter; filter = filter.prev) {
      const value = filter._evaluate();
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

  /** Runs only this filter, on the words in memory. */
  private _evaluate(): number {
    if (this._run) return this._run() >>> 0;
    this._heat += this.program.length;
    if (this._heat > COMPILE_AFTER && this.program.length >= WORTH_COMPILING) this._compile();
    return execute(this.profile, this.program, words);
  }

  private _compile(): void {
    this._heat = Number.NEGATIVE_INFINITY;
    try {
      this._run = compile(this.profile, this.program, memory);
    } catch {
      // A page whose policy forbids WebAssembly, or a browser's main thread, continues with the evaluator.
    }
  }

  /**
   * True if this filter and all before it allow the number for all arguments. Linux kernel/seccomp.c
   * seccomp_is_const_allow() finds fewer cases, because it stops at arithmetic. No guest can see the
   * difference. Numbers without a cache entry (x32's, negative ones) get false.
   */
  alwaysAllows(nr: number, arch: number): boolean {
    const cache = nr >= 0 && nr < CACHED_NUMBERS ? this._cache(arch) : undefined;
    if (!cache) return false;
    if (cache[nr] === UNKNOWN) cache[nr] = this._computeConstant(nr, arch) ? ALWAYS : SOMETIMES;
    return cache[nr] === ALWAYS;
  }

  /** Computes it up to the first filter that knows the result for the rest of the path. */
  private _computeConstant(nr: number, arch: number): boolean {
    if (this.profile.compatLock && compat(arch) !== compat(this.arch)) return false;
    for (let filter: Filter | null = this; filter; filter = filter.prev) {
      const known = filter._cache(arch)?.[nr];
      if (known) return known === ALWAYS;
      if (!filter._allowsAlone(nr, arch)) return false;
    }
    return true;
  }

  /** True if the program allows and has read only the number and arch. */
  private _allowsAlone(nr: number, arch: number): boolean {
    const { start, value } = this._upToArguments(nr, arch);
    return !start && actionOf(this.profile.returns, value) === "allow";
  }

  /**
   * The state before the program's first access to data other than number and arch. Without such an access,
   * its return value.
   */
  private _upToArguments(nr: number, arch: number): { start: Start | undefined; value: number } {
    const zeros = { nr, arch, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
    let start: Start | undefined;
    const value = execute(this.profile, this.program, wordsOf(this.profile.layout, zeros), (pc, a, x, mem) => {
      const insn = this.program[pc];
      // nr, and arch or its replacement, are the first eight bytes in every layout.
      if (!start && insn && loadsData(insn) && loadAddress(insn, x) + 4 > 8) start = { pc, a, x, mem: mem.slice() };
    });
    return { start, value };
  }

  /** The filters from this one to the oldest. */
  *chain(): Generator<Filter> {
    for (let filter: Filter | null = this; filter; filter = filter.prev) yield filter;
  }
}

const allowValue = (profile: SeccompProfile): number =>
  profile.returns.actions.find((r) => r.action === "allow")?.value ?? actions.allow.value;

const perhapsFilter = wants("a Filter or null", (value) => value === null || value instanceof Filter);
const someFilterOptions = optionsOf<FilterOptions>({ arch: word32, log: optional(aFlag) });

/**
 * True if `ancestor` is on the path of `filter`; null is on every path. TSYNC checks it for each thread.
 *
 * @example
 * isAncestor(null, null);   // true
 */
export const isAncestor = takes(
  "isAncestor",
  { ancestor: perhapsFilter, filter: perhapsFilter },
  (ancestor: Filter | null, filter: Filter | null): boolean => {
    if (ancestor === null) return true;
    for (let f = filter; f; f = f.prev) if (f === ancestor) return true;
    return false;
  },
);

/**
 * The step "compat" of the profile's attach order.
 *
 * @example
 * checkCompatLock(upstream, null, 0xc000003e);   // undefined: there is no lock
 */
export const checkCompatLock = takes(
  "checkCompatLock",
  { profile: aProfile, prev: perhapsFilter, arch: word32 },
  (profile: SeccompProfile, prev: Filter | null, arch: number): FilterProblem | undefined =>
    profile.compatLock && prev && compat(prev.arch) !== compat(arch)
      ? { code: "compat-lock", errno: "EACCES", message: "the earlier filters were attached through the other ABI's door" }
      : undefined,
);

/**
 * The step "check": the first reason for which the program is refused; undefined if it is accepted.
 *
 * @example
 * checkFilter(upstream, [])?.code;   // "length"
 */
export const checkFilter = takes(
  "checkFilter",
  { profile: aProfile, program: aProgram },
  (profile: SeccompProfile, program: Program): FilterProblem | undefined => checkProgram(profile.checker, program, profile.layout.size),
);

/**
 * The step "path": a problem if all filters of the task together would be too long.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * checkFilterPath(upstream, null, program);   // undefined: the path is short enough
 */
export const checkFilterPath = takes(
  "checkFilterPath",
  { profile: aProfile, prev: perhapsFilter, program: aProgram },
  (profile: SeccompProfile, prev: Filter | null, program: Program): FilterProblem | undefined =>
    checkPath(profile.pathLimit, prev?.pathLength ?? 0, countedLength(profile.pathLimit, program)) ??
    checkMemory((prev?.depth ?? 0) + 1, (prev?.instructions ?? 0) + program.length),
);

/**
 * All steps that need no task, then the new head of the chain. A kernel takes the steps one by one, in the
 * profile's order.
 *
 * @example
 * const { program } = assemble("A = sys_number\nA == 39 ? no : ok\nok: return ALLOW\nno: return ERRNO(1)");
 * const filter = attach(upstream, null, program);
 * if (!(filter instanceof Filter)) throw new Error(filter.message);
 * const getpid = { nr: 39, arch: 0xc000003e, ipLo: 0, ipHi: 0, args: new Uint32Array(12) };
 * actionOf(upstream.returns, filter.decide(getpid, { value: 0, filter: null }));   // "errno"
 */
export const attach = takes(
  "attach",
  { profile: aProfile, prev: perhapsFilter, program: aProgram, options: optional(someFilterOptions) },
  (
    profile: SeccompProfile,
    prev: Filter | null,
    program: Program,
    options: FilterOptions = { arch: x64.auditArch },
  ): Filter | FilterProblem =>
    checkFilter(profile, program) ??
    checkCompatLock(profile, prev, options.arch) ??
    checkFilterPath(profile, prev, program) ??
    new Filter(profile, prev, program, options),
);
