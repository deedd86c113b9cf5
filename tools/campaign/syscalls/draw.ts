// Scripts drawn from a seed: calls of every ABI with arguments by their declared types.
import { type SyscallName, syscallNumbers } from "../../../src/abi/numbers.ts";
import { calls } from "../../../src/kernel/calls/index.ts";
import type { ArgType, Syscall } from "../../../src/kernel/syscall/declaration.ts";
import type { Random } from "../../oracle/random.ts";
import { type Arena, makeArena, type Places } from "./arena.ts";
import { harmlessCalls } from "./harmless.ts";
import { numberHints, pointerHints } from "./hints.ts";
import { type AbiName, abis, at, type Call, type Chunk, type Script, type Word } from "./script.ts";
import { type Source, valuesOf } from "./values.ts";

/** The style of a drawn script. */
export interface Style {
  readonly abis: readonly AbiName[];
  /** Only calls that the host's kernel may be asked as well, and files of the script's own folder. */
  readonly harmless: boolean;
  readonly chunks: number;
  readonly callsEach: number;
  /** The share of calls that make tasks, beside those that come by chance. */
  readonly tasks?: number;
}

/** Calls whose result is a descriptor: later arguments name it. */
const makesDescriptor = /^(open|creat|dup|socket$|accept|epoll_create|eventfd|memfd|signalfd|timerfd_create|pidfd_open|fcntl)/;
const makesTask: ReadonlySet<string> = new Set(["fork", "vfork", "clone", "clone3"]);
/** They end the chunk, and are rarer for that. */
const ends: ReadonlySet<string> = new Set([
  "exit",
  "exit_group",
  "execve",
  "execveat",
  "rt_sigreturn",
  "sigreturn",
  "kill",
  "pause",
  "reboot",
]);
const ENDS_KEPT = 0.15;
/** Makes a filter in the arena usable by all. */
const PR_SET_NO_NEW_PRIVS = "38";

const hex = (v: bigint | number): Word =>
  typeof v === "bigint" && v < 0n ? `-${(-v).toString()}` : `0x${v.toString(16)}`.replace("0x-", "-0x");
const literal = (v: number): Word => (v < 0 ? String(v) : hex(v));

class Drawing {
  readonly random: Random;
  readonly style: Style;
  readonly #arena: Arena;
  readonly #declared: Readonly<Record<AbiName, readonly Syscall[]>>;
  #index = 0;
  /** Results that may be descriptors. */
  #descriptors: string[] = [];

  constructor(random: Random, style: Style) {
    this.random = random;
    this.style = style;
    this.#arena = makeArena(random, style.harmless);
    const of = (abi: AbiName) =>
      calls.filter(
        (s) =>
          (s.only === undefined || s.only === abi) &&
          syscallNumbers[s.name][abis[abi].column] !== null &&
          (!style.harmless || harmlessCalls.has(s.name)),
      );
    this.#declared = { x64: of("x64"), i386: of("i386"), x32: of("x64") };
  }
  index(): number {
    return this.#index++;
  }

  #valid(source: Source, name: string, places: Places, isPointer: boolean): Word {
    const r = this.random;
    switch (source.of) {
      case "descriptor":
        if (this.#descriptors.length > 0 && r.chance(0.4)) return r.pick(this.#descriptors);
        return String(3 + r.below(18));
      case "object":
        return hex(r.pick(places[r.pick(source.objects)]));
      case "any":
        return this.#valid(r.pick(source.sources), name, places, isPointer);
      case "numbers":
        return literal(r.pick(source.numbers));
      case "names": {
        if (!source.combine) return literal(r.pick(source.names));
        let bits = 0;
        for (let n = r.below(4); n > 0; n--) bits |= r.pick(source.names);
        return hex(bits >>> 0);
      }
      case "hint":
        return this.#valid((isPointer ? pointerHints : numberHints)[name] ?? source.otherwise, name, places, isPointer);
    }
  }
  #word(name: string, arg: ArgType<unknown>, abi: AbiName): Word {
    const r = this.random;
    const values = valuesOf(arg);
    if (!values) throw new Error(`the argument type of ${name} (${arg.c}) has no values to try: add a row to values.ts`);
    const roll = r.below(100);
    if (roll < 80) return this.#valid(values.valid, name, this.#arena.places[abis[abi].long], arg.c.endsWith("*"));
    const chosen = r.pick(roll < 93 ? values.edge : values.hostile);
    // Standard streams are files of another kind on the host.
    const isStream = this.style.harmless && values.valid.of === "descriptor" && (chosen & 0xffff_ffffn) < 3n;
    return isStream ? "3" : hex(chosen);
  }
  #declaration(abi: AbiName): Syscall {
    const r = this.random;
    const list = this.#declared[abi];
    if (r.chance(this.style.tasks ?? 0)) return r.pick(list.filter((s) => makesTask.has(s.name)));
    for (;;) {
      const declared = r.pick(list);
      if (!ends.has(declared.name) || r.chance(ENDS_KEPT)) return declared;
    }
  }
  call(abi: AbiName, depth: number): Call {
    const r = this.random;
    if (!this.style.harmless && r.chance(0.01))
      return { abi, call: r.chance(0.5) ? r.below(600) : r.u32(), args: ["0x0", hex(at.scratch)], index: this.index() };
    const declared = this.#declaration(abi);
    const args: Word[] = [];
    for (const [name, arg] of Object.entries(declared.args)) {
      const word = this.#word(name, arg, abi);
      args.push(word);
      if (arg.wide && abis[abi].splits64) args.push(r.chance(0.9) ? "0x0" : hex(r.u32()));
    }
    const index = this.index();
    const child = makesTask.has(declared.name) && depth < 2 ? this.calls(abi, 1 + r.below(6), depth + 1) : undefined;
    if (makesDescriptor.test(declared.name)) this.#descriptors.push(`$${index}`);
    return { abi, call: declared.name, args, index, ...(child ? { child } : {}) };
  }
  calls(abi: AbiName, count: number, depth: number): Call[] {
    return Array.from({ length: count }, () => this.call(this.random.chance(0.85) ? abi : this.random.pick(this.style.abis), depth));
  }
  plain(call: SyscallName, ...args: readonly (number | string)[]): Call {
    return { abi: "x64", call, args: args.map((a) => (typeof a === "number" ? literal(a) : a)), index: this.index() };
  }
  chunk(): Chunk {
    const r = this.random;
    const index = this.index();
    this.index();
    this.#descriptors = [];
    const abi = r.pick(this.style.abis);
    const filtered = !this.style.harmless && r.chance(0.25);
    const confine = filtered
      ? [this.plain("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), this.plain("seccomp", 1, r.pick([0, 0, 1, 2, 4]), this.#first("fprog"))]
      : [];
    return { index, calls: [...confine, ...this.calls(abi, this.style.callsEach, 0)] };
  }
  #first(name: "path" | "fprog" | "words" | "sigset" | "buffer", i = 0): number {
    return this.#arena.places[8][name][i] as number;
  }
  /** Descriptors 3 to 20 or so: one of many kinds. */
  before(): Call[] {
    const path = (i: number) => this.#first("path", i);
    const usual = [
      this.plain("chdir", this.#arena.start),
      this.plain("mkdir", path(0), 0o755),
      this.plain("open", path(0), 0o200000),
      this.plain("open", path(1), 0o102, 0o644),
      this.plain("write", 4, this.#first("buffer"), 100),
      this.plain("memfd_create", path(1), 2),
      this.plain("pipe2", this.#first("buffer"), 0o4000),
      this.plain("socketpair", 1, 1 | 0o4000, 0, this.#first("buffer")),
      this.plain("eventfd2", 3, 0o4000),
      this.plain("epoll_create1", 0),
      this.plain("open", path(0), 0o10000000),
      this.plain("socketpair", 1, 2 | 0o4000, 0, this.#first("buffer")),
      this.plain("symlink", path(1), path(5)),
      this.plain("symlink", path(6), path(6)),
    ];
    // A reference to a call that the minimiser has left out is 0.
    if (this.style.harmless) return [...usual, this.plain("dup2", 5, 0)];
    return [
      ...usual,
      this.plain("timerfd_create", 1, 0o4000),
      this.plain("signalfd4", -1, this.#first("sigset"), 8, 0o4000),
      this.plain("open", path(11), 0),
      this.plain("open", path(10), 0o200000),
      this.plain("socket", 2, 1 | 0o4000, 0),
      this.plain("pidfd_open", 2, 0),
      this.plain("socket", 16, 3 | 0o4000, 0),
    ];
  }
  script(): Script {
    const before = this.before();
    const chunks = Array.from({ length: this.style.chunks }, () => this.chunk());
    return {
      before,
      chunks,
      arena: Buffer.from(this.#arena.bytes.subarray(0, this.#arena.bytes.findLastIndex((b) => b !== 0) + 1)).toString("base64"),
    };
  }
}

export const drawScript = (random: Random, style: Style): Script => new Drawing(random, style).script();
