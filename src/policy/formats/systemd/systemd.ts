// systemd's SystemCallFilter=, SystemCallErrorNumber=, SystemCallArchitectures= and SystemCallLog=, merged
// as systemd 257 merges them. man systemd.exec(5); systemd src/core/load-fragment.c,
// src/shared/seccomp-util.c.
import { type Abi, i386, x32, x64 } from "../../../abi/abi.ts";
import { E, type ErrnoName } from "../../../abi/errno.ts";
import type { WorkBudget } from "../../../budget.ts";
import { didYouMean, nearest } from "../../../nearest.ts";
import { returnValue, upstream } from "../../../seccomp/index.ts";
import type { Place, Source } from "../../input/source.ts";
import { isKnownName, knownNames, nameOf } from "../../names.ts";
import type { Places, Warning } from "../../profile.ts";
import { systemdGroups } from "./groups.ts";
import { type Assignment, readUnit, type UnitWord } from "./unit.ts";

/** A list of calls as SystemCallFilter= and SystemCallLog= make one. */
export interface CallList {
  /** The first line's kind: the calls are the only ones that pass, or the only ones that do not. */
  readonly allows: boolean;
  /**
   * The return value of a call that has one of its own, and the place of the last word that names the call.
   */
  readonly calls: ReadonlyMap<string, { readonly own: number | undefined; readonly place: Place }>;
}
/** The settings of a unit that concern system calls. */
export interface SystemdFilter {
  readonly source: Source;
  readonly filter: CallList | undefined;
  readonly log: CallList | undefined;
  /** The return value for calls that do not pass. */
  readonly refusal: number;
  /** Undefined: all. */
  readonly architectures: readonly Abi[] | undefined;
  readonly warnings: readonly Warning[];
}

const KEYS = ["SystemCallFilter", "SystemCallErrorNumber", "SystemCallArchitectures", "SystemCallLog"];
/** Settings that become filters of their own. */
const otherFilters: ReadonlySet<string> = new Set([
  ..."LockPersonality MemoryDenyWriteExecute PrivateDevices ProtectClock ProtectHostname ProtectKernelLogs".split(" "),
  ..."ProtectKernelModules ProtectKernelTunables RestrictAddressFamilies RestrictNamespaces RestrictRealtime RestrictSUIDSGID".split(" "),
]);
const architectures: Readonly<Record<string, Abi>> = { native: x64, "x86-64": x64, x86: i386, x32 };
/** seccomp_arch_from_string() */
const foreign =
  "alpha arc-be arm arm64 loongarch64 m68k mips mips64 mips64-n32 mips-le mips64-le mips64-le-n32 parisc parisc64 ppc ppc64 ppc64-le riscv64 s390 s390x".split(
    " ",
  );
const MAX_ERRNO = 4095;
const KILL = returnValue(upstream.returns, "kill_process") as number;

/** A return value of `EPERM`, `1` or `kill`. */
const refusalOf = (text: string): number | undefined => {
  if (text === "kill") return KILL;
  const number = /^\d+$/.test(text) ? Number(text) : Object.hasOwn(E, text) ? E[text as ErrnoName] : MAX_ERRNO + 1;
  return number > MAX_ERRNO ? undefined : returnValue(upstream.returns, "errno", number);
};

/** Warnings that have a proposal. A list of thousands of unknown names is no text with a slip. */
const MOST_PROPOSALS = 100;
/** A warning, roughly. */
const WARNING_BYTES = 200;

class Reader {
  readonly warnings: Warning[] = [];

  readonly #budget: WorkBudget;
  #proposals = 0;
  constructor({ budget }: Source) {
    this.#budget = budget;
  }

  /** `near`: the name that was probably meant, looked for in the first warnings only. */
  warn({ from, to }: Place, message: string, near?: () => string | undefined): void {
    this.#budget.spend(WARNING_BYTES);
    const help = near && this.#proposals++ < MOST_PROPOSALS ? near() : undefined;
    this.warnings.push({ message: `${message}${help === undefined ? "" : ` (${help})`}`, place: { from, to } });
  }

  /** The calls of a name or a group. */
  #names(name: string, place: Place): readonly string[] {
    if (name.startsWith("@")) {
      if (Object.hasOwn(systemdGroups, name)) return membersOf(name);
      this.warn(place, `there is no group "${name}": systemd passes it over`, () => didYouMean(name, Object.keys(systemdGroups)));
      return [];
    }
    if (isKnownName(name)) return [name];
    this.warn(place, `there is no system call "${name}": systemd passes it over`, () => didYouMean(name, knownNames()));
    return [];
  }

  /** config_parse_syscall_filter(), config_parse_syscall_log() */
  list(lines: readonly Assignment[], isFilter: boolean): CallList | undefined {
    let list: { allows: boolean; calls: Map<string, { own: number | undefined; place: Place }> } | undefined;
    for (const { words } of lines) {
      const [first] = words;
      if (!first) {
        list = undefined;
        continue;
      }
      const inverted = first.text.startsWith("~");
      if (!list) {
        list = { allows: !inverted, calls: new Map() };
        if (isFilter && !inverted) for (const name of membersOf("@default")) list.calls.set(name, { own: undefined, place: first });
      }
      // The last of equal words has the say: the others would be overwritten.
      const distinct = new Map<string, UnitWord>();
      for (const [i, word] of words.entries()) {
        const plain = inverted && i === 0 ? { ...word, text: word.text.slice(1), from: word.from + 1 } : word;
        distinct.delete(plain.text);
        distinct.set(plain.text, plain);
      }
      for (const word of distinct.values()) this.#word(word, inverted, list, isFilter);
    }
    return list;
  }
  #word(word: UnitWord, inverted: boolean, { allows, calls }: { allows: boolean; calls: Map<string, unknown> }, isFilter: boolean): void {
    const colon = word.text.indexOf(":");
    const name = colon < 0 ? word.text : word.text.slice(0, colon);
    if (name === "") return;
    if (name.startsWith("~")) {
      const key = isFilter ? "SystemCallFilter" : "SystemCallLog";
      this.warn(
        word,
        `"${name}": ~ stands at the beginning of a line: systemd passes the word over`,
        () => `write ${key}=${word.text} in a line of its own`,
      );
      return;
    }
    const own = colon < 0 ? undefined : refusalOf(word.text.slice(colon + 1));
    if (colon >= 0 && own === undefined) {
      const text = word.text.slice(colon + 1);
      this.warn({ from: word.from + colon + 1, to: word.to }, `there is no error "${text}": systemd passes ${name} over`, () =>
        didYouMean(text, ["kill", ...Object.keys(E)]),
      );
      return;
    }
    if (own !== undefined && isFilter && !inverted) {
      this.warn(word, "a call of an allow list takes no error: systemd passes it over", () => `write ~${word.text} in a line of its own`);
      return;
    }
    for (const call of this.#names(name, { from: word.from, to: word.from + name.length })) {
      if (inverted !== allows || (inverted && allows && own !== undefined)) calls.set(call, { own, place: word });
      else calls.delete(call);
    }
  }

  refusal(lines: readonly Assignment[]): number {
    return lines.reduce((sofar, { words }) => {
      const [word] = words;
      if (!word) return KILL;
      const value = refusalOf(word.text);
      if (value !== undefined && word.text !== "0") return value;
      this.warn(word, `there is no error "${word.text}": systemd passes the line over`, () =>
        didYouMean(word.text, ["kill", ...Object.keys(E)]),
      );
      return sofar;
    }, KILL);
  }

  architectures(lines: readonly Assignment[]): readonly Abi[] | undefined {
    let abis: Abi[] | undefined;
    for (const { words } of lines) {
      if (words.length === 0) abis = undefined;
      else abis ??= [];
      for (const word of words) {
        const abi = Object.hasOwn(architectures, word.text) ? architectures[word.text] : undefined;
        if (abi) abis?.push(abi);
        else if (!foreign.includes(word.text)) {
          const known = [...Object.keys(architectures), ...foreign];
          this.warn(word, `there is no architecture "${word.text}": systemd passes it over`, () => didYouMean(word.text, known));
        }
      }
    }
    return abis && [...new Set([x64, ...abis])];
  }

  others(lines: readonly Assignment[]): void {
    for (const { key, keyPlace, words } of lines) {
      if (KEYS.includes(key)) continue;
      const [first] = words;
      if (otherFilters.has(key) && first && !/^(no|false|off|0|n|f)$/i.test(first.text))
        this.warn(keyPlace, `${key}= is left out: systemd makes other filters of it`);
      const meant = key.startsWith("SystemC") ? nearest(key, KEYS) : undefined;
      if (meant !== undefined) this.warn(keyPlace, `nothing reads ${key}= here`, () => `did you mean ${meant}=?`);
    }
  }
}

const members = new Map<string, readonly string[]>();
/** All calls of a group, of groups in it too, as far as they are known. */
const membersOf = (group: string): readonly string[] => {
  const known = members.get(group);
  if (known) return known;
  const own = systemdGroups[group] as readonly string[];
  const made = own.flatMap((name) => (name.startsWith("@") ? membersOf(name) : isKnownName(name) ? [name] : []));
  members.set(group, made);
  return made;
};

/** True for calls that a unit with SystemCallFilter=@system-service makes. */
export const isSystemService = (name: string): boolean => membersOf("@system-service").includes(name);

/** The word that names a call, or its group. */
export const systemdPlaces = ({ filter, log }: SystemdFilter): Places => ({
  ofCall: (number, abi) => {
    const name = nameOf(number, abi);
    return [filter, log].flatMap((list) => (name === undefined ? [] : (list?.calls.get(name)?.place ?? [])));
  },
});

/** True if a text has a setting of systemd that concerns system calls. */
export const looksSystemd = (text: string): boolean => /^[ \t]*SystemCall(Filter|ErrorNumber|Architectures|Log)[ \t]*=/m.test(text);

/** Throws a Problem if there is nothing of these settings. */
export const readSystemd = (source: Source): SystemdFilter => {
  const reader = new Reader(source);
  const lines = readUnit(source);
  const of = (key: string): readonly Assignment[] => lines.filter((line) => line.key === key);
  const [filter, log, abis] = [
    reader.list(of("SystemCallFilter"), true),
    reader.list(of("SystemCallLog"), false),
    reader.architectures(of("SystemCallArchitectures")),
  ];
  reader.others(lines);
  if (!lines.some(({ key }) => KEYS.includes(key))) {
    throw source.problem(
      { from: 0, to: 1 },
      "there is no SystemCallFilter= here",
      "it stands in the section [Service], [Socket], [Mount] or [Swap]",
    );
  }
  return { source, filter, log, refusal: reader.refusal(of("SystemCallErrorNumber")), architectures: abis, warnings: reader.warnings };
};
