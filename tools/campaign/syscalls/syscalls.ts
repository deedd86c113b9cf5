// Random system calls of every ABI, from several tasks, under filters and profiles: engines agree, runs
// agree, the host's kernel agrees where it may be asked, and nothing throws or hangs.
import { seccompProfileNames } from "../../../src/seccomp/profile/profiles.ts";
import type { Random } from "../../oracle/random.ts";
import { type Finding, kind, noFinding } from "../kind.ts";
import { drawScript } from "./draw.ts";
import { canRunNatively, runNatively } from "./native.ts";
import { type Outcome, runInside, type Setting } from "./run.ts";
import { described, encode, partsOf, type Script, type ScriptPart, withParts } from "./script.ts";

interface Input extends Setting {
  readonly script: Script;
  /** The run that the default engine is compared with. `native`: only the first process's output counts. */
  readonly against: "nothing" | "again" | "interpret" | "evaluate" | "native";
}

const newest = ["upstream", "upstream", "upstream", "v6", "3.5"] as const;

const draw = (random: Random): Input => {
  const against = random.pick([
    "nothing",
    "nothing",
    "nothing",
    "nothing",
    "again",
    "interpret",
    "interpret",
    "native",
    "native",
    "evaluate",
  ] as const);
  const native = against === "native";
  const x32 = !native && random.chance(0.2);
  const script = drawScript(random, {
    abis: native ? ["x64", "i386"] : x32 ? ["x64", "i386", "x32"] : ["x64", "i386"],
    harmless: native,
    chunks: against === "evaluate" ? 2 : native ? 12 : 24,
    callsEach: against === "evaluate" ? 10 : 24,
  });
  const kernel = native ? "upstream" : random.chance(0.6) ? random.pick(newest) : random.pick(seccompProfileNames);
  return { kernel, uid: native || random.chance(0.4) ? 1000 : 0, x32, seed: random.below(1000), script, against };
};

const words = (bytes: Uint8Array | undefined): BigInt64Array => {
  if (!bytes) return new BigInt64Array(0);
  return new BigInt64Array(bytes.slice(0, bytes.length & ~7).buffer);
};

/** The status of a chunk that the first process lost patience with. */
const KILLED = 9n;
/**
 * The number of results before the first chunk that either side did not finish. A busy host may be slower
 * than a chunk's time, and later results depend on it.
 */
const comparable = ({ chunks }: Script, a: BigInt64Array, b: BigInt64Array): number =>
  chunks.find(({ index }) => a[index] === KILLED || b[index] === KILLED)?.index ?? Math.max(a.length, b.length);

/** The first result that differs, with its call. */
const differentResult = (
  script: Script,
  ours: Uint8Array,
  theirs: Uint8Array | undefined,
): Pick<Finding, "expected" | "seen"> | undefined => {
  const [a, b] = [words(ours), words(theirs)];
  const texts = described(script);
  for (let i = 0, end = comparable(script, a, b); i < end; i++) {
    if (a[i] === b[i]) continue;
    const text = texts.get(i) ?? `result ${i}`;
    return { expected: `${text} = ${b[i] ?? "nothing"}`, seen: `${text} = ${a[i] ?? "nothing"}` };
  }
  return undefined;
};

/** Where two runs of ours part: the first line of their traces, else their ends. */
const parting = (a: Outcome, b: Outcome): Pick<Finding, "expected" | "seen"> => {
  const i = a.trace.findIndex((line, n) => line !== b.trace[n]);
  const at = i < 0 && a.trace.length !== b.trace.length ? a.trace.length : i;
  if (at >= 0) return { expected: b.trace[at] ?? "no more lines", seen: a.trace[at] ?? "no more lines" };
  return { expected: `${b.end} ${b.digest}`, seen: `${a.end} ${a.digest}` };
};

const compare = (input: Input, first: Outcome, bytes: Uint8Array): Finding | undefined => {
  const { against, script } = input;
  if (against === "nothing") return undefined;
  if (against === "native") {
    if (!canRunNatively()) return undefined;
    const difference = differentResult(script, first.stdout, runNatively(bytes));
    return difference && { rule: "the host's kernel returns the same", ...difference };
  }
  const second = runInside(bytes, input, against === "again" ? "auto" : against);
  if (second.digest === first.digest) return undefined;
  return { rule: against === "again" ? "two runs are equal" : `auto and ${against} are equal`, ...parting(first, second) };
};

export const syscalls = kind<Input>({
  summary: "random system calls: engines, runs and the host's kernel agree",
  bounds: { seconds: 60, megabytes: 1500 },
  draw,
  check(input) {
    const bytes = encode(input.script);
    const first = runInside(bytes, input, "auto");
    const finding = compare(input, first, bytes);
    return finding ? { inputs: first.calls, digest: first.digest, finding } : noFinding(first.calls, first.digest);
  },
  // The inherited part stays: it is short, and all descriptors come from it.
  parts: {
    of: ({ script }) => partsOf(script),
    with: (input, parts) => ({ ...input, script: withParts(input.script, parts as readonly ScriptPart[]) }),
  },
});
