// Compile modes: one profile means different filters to different runtimes. runc:
// libcontainer/seccomp/seccomp_linux.go, patchbpf/enosys_linux.go (1.1). crun: src/libcrun/seccomp.c (1.21).
import { type Abi, i386, X32_BIT, x32, x64 } from "../abi/abi.ts";
import { didYouMean } from "../nearest.ts";
import { someNodes } from "../seccomp/diagram/wants.ts";
import { actionOf, type Diagram, diagramOfRoot, type Node, type Nodes, select, upstream, Words } from "../seccomp/index.ts";
import { oneOf, optional, takes } from "../wants.ts";
import type { Place } from "./input/source.ts";
import { type Entry, isMultiplexed, meaningOf, type Ruleset } from "./meaning.ts";
import { isKnownName, knownNames, numberOf } from "./names.ts";
import type { Comparison, Profile, Rule, Warning } from "./profile.ts";
import { aProfile } from "./wants.ts";

/** All compile modes. */
export const modes = ["kernel", "runc", "crun", "docker", "podman", "systemd"] as const;
/**
 * The compiler of a profile. kernel: each rule as the specification defines it. runc, crun: the filters that
 * these load. docker: Docker's input for runc. podman: Podman's input for crun. The supersets of the
 * specification are resolved first in every mode. systemd: for its own settings only.
 */
export type Mode = (typeof modes)[number];
/** The compilers of container profiles. */
export type ProfileMode = Exclude<Mode, "systemd">;

/** A profile as the filter that a runtime makes of it. */
export interface Compiled {
  readonly diagram: Diagram;
  readonly warnings: readonly Warning[];
}

const KILL_THREAD = 0;
const ENOSYS = 0x0005_0026;

/**
 * Several conditions on one argument make a rule for each condition:
 * https://github.com/moby/moby/issues/32714
 */
const splitArguments = (args: readonly Comparison[]): readonly (readonly Comparison[])[] => {
  const several = args.some(({ index }, i) => args.findIndex((other) => other.index === index) !== i);
  return several ? args.map((c) => [c]) : [args];
};

/** Unknown names that get a proposal. A list of thousands of them is no text with a slip. */
const MOST_PROPOSALS = 100;

class Compiler {
  readonly #profile: Profile;
  readonly #warnings: Warning[];
  readonly #inexact = new Set<string>();
  #unknown = 0;
  readonly #split: boolean;
  readonly #skip: boolean;
  constructor(profile: Profile, runtime: "kernel" | "runc" | "crun") {
    this.#profile = profile;
    this.#warnings = [...profile.warnings];
    this.#split = runtime !== "kernel";
    this.#skip = runtime !== "kernel";
  }
  get warnings(): readonly Warning[] {
    return this.#warnings;
  }
  entries(): readonly Entry[] {
    return this.#profile.rules.flatMap((rule) => {
      if (this.#skip && rule.action === this.#profile.defaultAction) return [];
      return rule.names.flatMap((name, i) => this.#entriesOf(rule, name, i));
    });
  }
  #entriesOf(rule: Rule, name: string, i: number): readonly Entry[] {
    const place = rule.places[i] ?? rule.place;
    if (!isKnownName(name)) {
      const help = this.#unknown++ < MOST_PROPOSALS ? didYouMean(name, knownNames()) : undefined;
      this.#warnings.push({ message: `there is no system call "${name}": the rule does nothing${help ? ` (${help})` : ""}`, place });
      return [];
    }
    const lists = this.#split ? splitArguments(rule.args) : [rule.args];
    if (lists.length > 1) {
      this.#warnings.push({ message: `${name}: several conditions on one argument are taken as alternatives`, place });
    }
    return lists.map((args) => ({ name, action: rule.action, args }));
  }
  /** The last rule of a call. */
  #placeOf(name: string): Place {
    const rule = this.#profile.rules.findLast(({ names }) => names.includes(name));
    return rule?.places[rule.names.indexOf(name)] ?? rule?.place ?? { from: 0, to: 0 };
  }
  ruleset(entries: readonly Entry[]): Ruleset {
    const { abis, defaultAction, source } = this.#profile;
    return {
      defaultAction,
      badArch: KILL_THREAD,
      abis: abis.includes(x64) ? abis : [x64, ...abis],
      entries,
      onInexact: ({ name }) => {
        if (this.#inexact.has(name)) return;
        this.#inexact.add(name);
        const message = `${name}: several rules, with !=, <, <=, > or >=: libseccomp can merge them to something else than they say`;
        this.#warnings.push({ message, place: this.#placeOf(name) });
      },
      onConflict: ({ name }) => {
        const message = `two rules for ${name} with the same conditions have different actions`;
        throw source.problem(this.#placeOf(name), message, "libseccomp refuses the second");
      },
    };
  }
}

/** The largest number that the profile names at an ABI: findLastSyscalls(). */
const largest = (profile: Profile, abi: Abi): number => {
  const counts = (name: string): boolean => abi !== i386 || !isMultiplexed(name);
  const numbers = profile.rules.flatMap(({ names }) => names.filter(counts).map((name) => numberOf(name, abi) ?? 0));
  return numbers.reduce((most, number) => Math.max(most, number), 0);
};

/**
 * Numbers above the largest one that the profile knows give ENOSYS, regardless of its rules:
 * generateEnosysStub(). The stub exists for a default of ENOSYS too, since the comparison is with the whole
 * return value.
 */
const withStub = (diagram: Diagram, profile: Profile, abis: readonly Abi[]): Diagram => {
  const { nodes, root } = diagram;
  const action = actionOf(upstream.returns, profile.defaultAction);
  if (action === "allow" || action === "log" || action === "trace") return diagram;
  const words = new Words(nodes);
  const number = words.input("sys_number");
  const above = (n: number): Node => words.greater(number, words.constant(n));
  const stub = (list: readonly Abi[]): Node | undefined => {
    const known = list.filter((abi) => abis.includes(abi) && largest(profile, abi) > 0);
    const [first, second] = known;
    if (!first) return undefined;
    const bit = words.intersects(number, words.constant(X32_BIT));
    if (second) return nodes.choose(bit, above(largest(profile, x32)), above(largest(profile, x64)));
    if (first === i386) return above(largest(profile, i386));
    return first === x64 ? nodes.and(nodes.not(bit), above(largest(profile, x64))) : nodes.and(bit, above(largest(profile, x32)));
  };
  const stubs = new Map<number, Node>();
  for (const list of [[i386], [x64, x32]]) {
    const made = stub(list);
    if (made !== undefined) stubs.set((list[0] as Abi).auditArch, made);
  }
  const taken = select(nodes, "arch", stubs, 0);
  return diagramOfRoot(nodes, nodes.choose(taken, nodes.terminal(ENOSYS), root), diagram.rules);
};

/**
 * The filter that the profile becomes. Throws a Problem where the runtime refuses it.
 *
 * @throws {Problem} The runtime refuses the profile.
 *
 * @example
 * if (policy.profile) compileProfile(policy.profile, "crun").diagram;
 */
export const compileProfile = takes(
  "compileProfile",
  { profile: aProfile, mode: oneOf(modes.filter((mode) => mode !== "systemd")), nodes: optional(someNodes) },
  (profile: Profile, mode: ProfileMode, nodes?: Nodes): Compiled => {
    const runtime = mode === "docker" ? "runc" : mode === "podman" ? "crun" : mode;
    const compiler = new Compiler(profile, runtime);
    const ruleset = compiler.ruleset(compiler.entries());
    const diagram = meaningOf(ruleset, nodes);
    return { diagram: runtime === "runc" ? withStub(diagram, profile, ruleset.abis) : diagram, warnings: compiler.warnings };
  },
);
