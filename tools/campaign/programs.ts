// Debian's programs under changed inputs: a fuzzing loop. A program is started once and saved where it waits
// for its input; each input goes on from there, in place.
import { existsSync } from "node:fs";
import { nodeTree } from "../../src/host/node-tree.ts";
import type { BootOptions } from "../../src/machine/boot.ts";
import { MemoryCodeStore } from "../../src/machine/code-memory.ts";
import { Machine } from "../../src/machine/machine.ts";
import { frozenTree } from "../../src/machine/snapshot/exact/frozen-tree.ts";
import { Live } from "../../src/machine/snapshot/live.ts";
import type { SavedState } from "../../src/machine/snapshot/snapshot.ts";
import { Problem } from "../../src/problem.ts";
import type { Random } from "../oracle/random.ts";
import { digestOf } from "./digest.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

interface Target {
  readonly program: string;
  readonly args: readonly string[];
  /** Inputs that are changed, and words that are put into them. */
  readonly inputs: readonly string[];
  readonly words: readonly string[];
}
const EXEC = "import sys\ntext = sys.stdin.read()\ntry:\n  exec(text)\nexcept BaseException as e:\n  print(type(e).__name__)";
/** The programs by name. */
export const targets: Readonly<Record<string, Target>> = {
  sh: {
    program: "/bin/sh",
    args: ["-s"],
    inputs: [
      'a=1; b=2\necho $((a + b)) "$a"\n',
      "for i in 1 2 3; do echo $i; done | while read x; do echo got $x; done\n",
      "f() { echo $#; }; f a b\n",
    ],
    words: [
      "$(",
      ")",
      "`",
      "|",
      "&&",
      ";",
      "${a#",
      "}",
      "<<E\n",
      "E\n",
      "exec",
      "exit 3",
      "trap",
      "wait",
      ">/dev/null",
      "cd /",
      "set -e",
      "*",
    ],
  },
  perl: {
    program: "/usr/bin/perl",
    args: ["-e", 'local $/; $_ = <STDIN>; eval; print "$@"'],
    inputs: ['my %h = (a => 1); print join(",", map { "$_$h{$_}" } sort keys %h), "\\n";', '"abcabc" =~ /(b.)(?=c|a)/ and print $1;'],
    words: [
      "(?:",
      ")",
      "{",
      "}",
      "sprintf",
      "%s",
      "pack",
      "'w*'",
      "sort",
      "x 99",
      "=~",
      "s///e",
      "local",
      "@_",
      "goto",
      "die",
      "\\1",
      "**",
    ],
  },
  python: {
    program: "/usr/bin/python3",
    args: ["-c", EXEC],
    inputs: [
      'print(sorted({3: "x", 1: "y"}.items()))',
      'import json; print(json.dumps([1, {"a": None}]))',
      "def f(n):\n  yield n\nprint(list(f(2)))",
    ],
    words: [
      "lambda: ",
      "[",
      "]",
      "(",
      ")",
      "{",
      "}",
      "f'{",
      "}'",
      "**",
      "<<",
      "import re",
      "re.sub",
      "1e999",
      "b''",
      "*",
      "yield",
      "del",
      "with",
      "\n  ",
    ],
  },
  sed: {
    program: "/bin/sed",
    args: ["-n", "-f", "-"],
    inputs: ["1{p;s/a/b/g;P};$!{h;G;p}", "/x/,/y/{=;l};y/abc/def/", ":a;s/\\(.\\)b/\\1/;ta;p"],
    words: ["s/", "/g", "y/", "{", "}", ";", "\\(", "\\)", "*", "[^", "]", "w /dev/stdout", "r /etc/passwd", "D", "N", "b", "t", "!", "$"],
  },
};

interface Ready {
  readonly boot: BootOptions;
  readonly start: Live;
  readonly state: SavedState;
}
const made = new Map<string, Ready>();
const ready = async (name: string): Promise<Ready> => {
  const known = made.get(name);
  if (known) return known;
  const { program, args } = targets[name] as Target;
  const boot: BootOptions = { root: frozenTree(nodeTree("/")), memory: 64 * 2 ** 20, code: new MemoryCodeStore() };
  const start = new Live(new Machine(boot), program, { args });
  if (!(await start.until({ idle: true }))) throw new Error(`${program} does not wait for its input`);
  const result = { boot, start, state: start.save() };
  made.set(name, result);
  return result;
};

/** Virtual nanoseconds of an input's run, and bytes of its output. */
const LIMIT = 3e8;
const MOST_OUTPUT = 2 ** 16;
/** Runs an input to its end. The result in words. */
const outcome = (live: Live): string => {
  live.session.streams.end();
  const end = live.kernel.now + LIMIT;
  while (live.kernel.now < end && live.step(end - live.kernel.now) === "limit");
  const { status, stdout, stderr, stats } = live.report(live.session.ended ? undefined : { timeout: 0 });
  return JSON.stringify([status, stdout.text, stderr.text, stats]);
};
/** The same after a way back: a step of the loop. */
export const fromSnapshot = async (name: string, stdin: string): Promise<string> => {
  const { start, state } = await ready(name);
  start.restore(state, { maxOutput: MOST_OUTPUT });
  start.write(stdin);
  return outcome(start);
};
/** The same in a machine that boots. */
export const fromBoot = async (name: string, stdin: string): Promise<string> => {
  const { boot } = await ready(name);
  const { program, args } = targets[name] as Target;
  const live = new Live(new Machine(boot), program, { args, maxOutput: MOST_OUTPUT });
  await live.until({ idle: true });
  live.write(stdin);
  return outcome(live);
};

const change = (r: Random, { inputs, words }: Target): string => {
  let text = r.pick(inputs);
  for (let n = 1 + r.below(5); n > 0; n--) {
    const [at, length] = [r.below(text.length + 1), r.below(8)];
    const put = r.pick([
      r.pick(words),
      r.pick(words),
      "",
      String.fromCharCode(r.below(127)),
      text.slice(r.below(text.length + 1)),
      r.pick(inputs),
    ]);
    text = (text.slice(0, at) + put + text.slice(at + (r.chance(0.5) ? length : 0))).slice(0, 2000);
  }
  return text;
};

interface Input {
  readonly target: string;
  readonly texts: readonly string[];
}
/** Inputs of one seed. The first one runs from boot, too. */
const BATCH = 40;
export const programs = kind<Input>({
  summary: "changed inputs of Debian's programs, from snapshots: the result is that of a run from boot",
  bounds: { seconds: 120, megabytes: 2500 },
  needs() {
    for (const { program } of Object.values(targets))
      if (!existsSync(program)) throw new Problem("cannot-read", `${program} is not on this host`);
  },
  draw(r) {
    const target = r.pick(Object.keys(targets));
    return { target, texts: Array.from({ length: BATCH }, () => change(r, targets[target] as Target)) };
  },
  async check({ target, texts }) {
    const results: string[] = [];
    for (const text of texts) results.push(await fromSnapshot(target, text));
    const [first] = texts;
    const finding = (rule: string, expected: string, seen: string): { readonly finding: Finding } => ({
      finding: { rule, expected, seen },
    });
    const whole = noFinding(texts.length, digestOf(...results));
    if (first === undefined) return whole;
    const boot = await fromBoot(target, first);
    if (boot !== results[0]) return { ...whole, ...finding("a run from a snapshot is one from boot", boot, results[0] as string) };
    const again = await fromSnapshot(target, first);
    return again === boot ? whole : { ...whole, ...finding("a second run from a snapshot is the first", boot, again) };
  },
  parts: {
    of: ({ texts }) => texts,
    with: (input, texts) => ({ ...input, texts: texts as readonly string[] }),
  },
});
