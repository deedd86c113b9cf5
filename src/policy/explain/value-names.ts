// Names of arguments' values, for those calls whose values policies mostly test: families, flags of clone,
// protections.
import { AF, CLONE, PROT } from "../constants.ts";
import { type Namer, numberText } from "./predicate-text.ts";

interface Names {
  /** One value has one name, or a value is a set of flags. */
  readonly kind: "values" | "flags";
  readonly byValue: ReadonlyMap<bigint, string>;
}
const names = (kind: Names["kind"], prefix: string, table: Readonly<Record<string, number>>): Names => ({
  kind,
  byValue: new Map(Object.entries(table).map(([name, value]) => [BigInt(value), prefix + name])),
});
const { NAMESPACES: _, ...cloneFlags } = CLONE;
const families = names("values", "AF_", AF);
const clone = names("flags", "CLONE_", cloneFlags);
const protections = names("flags", "PROT_", PROT);

const known: Readonly<Record<string, Readonly<Record<number, Names>>>> = {
  socket: { 0: families },
  socketpair: { 0: families },
  clone: { 0: clone },
  unshare: { 0: clone },
  setns: { 1: clone },
  mmap: { 2: protections },
  mmap2: { 2: protections },
  mprotect: { 2: protections },
  pkey_mprotect: { 2: protections },
};

/** `CLONE_NEWNS|CLONE_NEWPID`, with unnamed bits as a number. Undefined: no bit has a name. */
const flagsText = (value: bigint, byValue: Names["byValue"]): string | undefined => {
  const parts: string[] = [];
  let rest = value;
  for (const [flag, name] of byValue) {
    if (flag === 0n || (value & flag) !== flag) continue;
    parts.push(name);
    rest &= ~flag;
  }
  if (parts.length === 0) return undefined;
  return [...parts, ...(rest === 0n ? [] : [numberText(rest)])].join("|");
};

/** Names for the arguments of a call; undefined if none are known. */
export const namerOf = (call: string): Namer | undefined => {
  const table = Object.hasOwn(known, call) ? known[call] : undefined;
  if (!table) return undefined;
  return (subject, value) => {
    const found = subject === "ip" ? undefined : table[subject];
    if (!found) return undefined;
    if (found.kind === "values") return found.byValue.get(value);
    return value === 0n ? undefined : flagsText(value, found.byValue);
  };
};
