// The filters that systemd 257 makes of its settings, one for each architecture, attached one after the
// other. systemd src/core/exec-invoke.c, src/shared/seccomp-util.c.
import { type Abi, i386, x32, x64 } from "../../../abi/abi.ts";
import { type Diagram, Nodes, returnValue, stackDiagrams, upstream } from "../../../seccomp/index.ts";
import { meaningOf } from "../../meaning.ts";
import { isKnownName, numberOf } from "../../names.ts";
import { systemdGroups } from "./groups.ts";
import type { CallList, SystemdFilter } from "./systemd.ts";

const ALLOW = returnValue(upstream.returns, "allow") as number;
const LOG = returnValue(upstream.returns, "log") as number;
const KILL_THREAD = 0;
const ENOSYS = 0x0005_0026;
/** seccomp_local_archs of x86-64: the native one last. */
const local: readonly Abi[] = [i386, x32, x64];

const never = (): never => {
  throw new Error("rules without conditions neither conflict nor merge");
};
const filterOf = (nodes: Nodes, abis: readonly Abi[], defaultAction: number, badArch: number, entries: readonly Entry[]): Diagram =>
  meaningOf({ defaultAction, badArch, abis, entries, onConflict: never, onInexact: never }, nodes);
interface Entry {
  readonly name: string;
  readonly action: number;
  readonly args: readonly never[];
}

/**
 * Calls that are refused. Any other number that is not listed gives ENOSYS, as if the kernel did not have the
 * call. Names that x86-64 does not have are not among them, nor those of the group @obsolete within @known.
 */
const refusable: readonly string[] = (systemdGroups["@known"] as readonly string[]).filter(
  (name) => isKnownName(name) && numberOf(name, x64) !== undefined,
);

/** seccomp_load_syscall_filter_set_raw() */
const filtersOf = (nodes: Nodes, abis: readonly Abi[], list: CallList, byDefault: number, listed: number): readonly Diagram[] => {
  if (list.calls.size === 0 && byDefault === ALLOW) return [];
  const entries = [...list.calls].map(([name, { own }]): Entry => ({ name, action: listed === LOG ? LOG : (own ?? listed), args: [] }));
  const refused = byDefault === ALLOW || byDefault === LOG ? [] : refusable.filter((name) => !list.calls.has(name));
  const otherwise = byDefault === ALLOW || byDefault === LOG ? byDefault : ENOSYS;
  const all = [...entries, ...refused.map((name): Entry => ({ name, action: byDefault, args: [] }))];
  return abis.map((abi) => filterOf(nodes, [abi], otherwise, ALLOW, all));
};

/** Where systemd would fail to start the unit. */
const refuse = ({ source, filter }: SystemdFilter): void => {
  if (!filter?.allows) return;
  for (const [name, { own, place }] of filter.calls) {
    if (own === undefined) continue;
    const help = "leave the error out";
    if (name === "write") throw source.problem(place, "the unit does not start: systemd itself needs write", help);
    if (own === ENOSYS)
      throw source.problem(place, `the unit does not start: ENOSYS for ${name} is the default of libseccomp's filter`, help);
  }
};

/** Throws a Problem where systemd would fail to start the unit. */
export const compileSystemd = (settings: SystemdFilter, nodes = new Nodes()): Diagram => {
  const { filter, log, architectures, refusal } = settings;
  refuse(settings);
  const allowed = local.filter((abi) => architectures?.includes(abi) ?? true);
  const filters: Diagram[] = [];
  if (allowed.length < local.length) filters.push(filterOf(nodes, allowed, ALLOW, KILL_THREAD, []));
  if (log) filters.push(...filtersOf(nodes, allowed, log, log.allows ? ALLOW : LOG, log.allows ? LOG : ALLOW));
  if (filter) {
    // The manager hands a timestamp over by write(2) right before execve(2).
    const calls = new Map(filter.calls);
    if (filter.allows) calls.set("write", { own: undefined, place: { from: 0, to: 0 } });
    else calls.delete("write");
    const [byDefault, listed] = filter.allows ? [refusal, ALLOW] : [ALLOW, refusal];
    filters.push(...filtersOf(nodes, allowed, { ...filter, calls }, byDefault, listed));
  }
  return filters.length > 0 ? stackDiagrams(filters) : filterOf(nodes, local, ALLOW, ALLOW, []);
};
