// Kept starts: a run that may go on behind the start of an earlier one does what a run without the cache
// does, after each change of the host's files and of those of the cache.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../oracle/random.ts";
import { type Damage, damage, drawDamage } from "./cache-damage.ts";
import { type Ended, inScratch, isHostException, requireBuild, trapgate } from "./cli.ts";
import { digestOf } from "./digest.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

const names = ["a", "b", "dir", "dir/c", "link", "none"] as const;
type Name = (typeof names)[number];
// biome-ignore format: table
const changes = ["write", "write the same size", "append", "remove", "make a folder", "link", "mode", "times", "exchange", "touch"] as const;
interface Change {
  readonly do: "change";
  readonly how: (typeof changes)[number];
  readonly name: Name;
  readonly n: number;
}
type Step =
  | { readonly do: "run"; readonly together?: number }
  | { readonly do: "kill"; readonly after: number }
  | { readonly do: "run while"; readonly change: Change; readonly after: number }
  | { readonly do: "wait" }
  | Change
  | Damage;
interface Input {
  /** Questions of the script's start to files in /mnt. */
  readonly questions: readonly string[];
  readonly loops: number;
  readonly steps: readonly Step[];
}

/** Seconds of real time. A run takes less than one. */
const PATIENCE = 20;
/** Milliseconds until a changed file vouches for its content (src/host/tree-notes.ts). */
const SETTLED = 2100;

/** Most changes must concern a file that the script asks for: two names are drawn more often. */
const nameOf = (r: Random, focus: readonly Name[]): Name => (r.chance(0.8) ? r.pick(focus) : r.pick(names));
const question = (r: Random, focus: readonly Name[]): string => {
  const name = `/mnt/${nameOf(r, focus)}`;
  return r.pick([
    `read l < ${name} && s="$s $l"`,
    `[ -e ${name} ]; s="$s $?"`,
    `[ -x ${name} ]; s="$s $?"`,
    `[ -L ${name} ]; s="$s $?"`,
    `[ -s ${name} ]; s="$s $?"`,
    `[ ${name} -nt /mnt/a ]; s="$s $?"`,
    's="$s $(echo /mnt/* /mnt/dir/*)"',
    `s="$s $(stat -c '%s %a %h %Y' ${name} 2>&1)"`,
    `s="$s $(readlink ${name})"`,
    `. ${name}`,
    `cd ${name} && s="$s $(echo *)"; cd /`,
  ]);
};
const drawChange = (r: Random, focus: readonly Name[]): Change => ({
  do: "change",
  how: r.pick(changes),
  name: nameOf(r, focus),
  n: r.below(1000),
});
/** Runs, the second of which may be kept, then a disturbance, and a run that must not take the start. */
const round = (r: Random, focus: readonly Name[]): readonly Step[] => {
  const roll = r.below(12);
  const run: Step = { do: "run" };
  const change = (): Change => drawChange(r, focus);
  if (roll < 7) return [run, run, change(), run];
  if (roll < 8) return [run, run, change(), change(), run];
  if (roll < 9) return [run, run, drawDamage(r), run];
  if (roll < 10)
    return [
      { do: "kill", after: 100 + r.below(400) },
      { do: "run", together: 2 },
    ];
  return [{ do: "run while", change: change(), after: 100 + r.below(400) }, run, run];
};
const draw = (r: Random): Input => {
  const focus = [r.pick(names), r.pick(names)];
  return {
    questions: Array.from({ length: 1 + r.below(4) }, () => question(r, focus)),
    loops: r.pick([60, 400]),
    steps: Array.from({ length: 3 }, () => [{ do: "wait" } as const, ...round(r, focus)]).flat(),
  };
};

/** Changes a file. A change that the host refuses is none. */
const apply = (folder: string, { how, name, n }: Change): void => {
  const path = join(folder, name);
  try {
    switch (how) {
      case "write":
        return writeFileSync(path, `s="$s ${n}"\n`);
      case "write the same size":
        return writeFileSync(path, `s="$s ${100 + (n % 900)}"\n`);
      case "append":
        return writeFileSync(path, `s="$s ${n}"\n`, { flag: "a" });
      case "remove":
        return rmSync(path, { recursive: true });
      case "make a folder":
        return mkdirSync(path);
      case "link":
        return symlinkSync(["a", "dir", "b", "none"][n % 4] as string, path);
      case "mode":
        return chmodSync(path, n % 2 ? 0o755 : 0o644);
      case "times":
        return utimesSync(path, n, n);
      case "exchange":
        return renameSync(path, join(folder, names[n % names.length] as string));
      case "touch":
        return utimesSync(path, new Date(), new Date());
    }
  } catch {
    // There is no such file, or another one.
  }
};
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLED));

/** The text of what a run has done. */
const textOf = ({ end, stdout, stderr }: Ended): string => `end ${end}, ${stdout.toString("latin1")}, ${stderr.slice(0, 300)}`;
const judged = (ended: Ended, whole: Ended, what: string): Finding | undefined => {
  if (ended.end === "SIGKILL")
    return { rule: "a run with kept starts ends", expected: `an end within ${PATIENCE} s`, seen: `none after ${what}` };
  if (isHostException(ended))
    return { rule: "a run with kept starts throws nothing", expected: "no exception", seen: `${ended.stderr.slice(0, 600)} after ${what}` };
  const [seen, expected] = [textOf(ended), textOf(whole)];
  if (seen === expected) return undefined;
  return { rule: "a run with kept starts does what one without does", expected, seen: `${seen} after ${what}` };
};

const check = (input: Input): Promise<{ inputs: number; digest: string; finding?: Finding }> =>
  inScratch(async (scratch) => {
    const [cache, shared] = [join(scratch, "cache"), join(scratch, "shared")];
    for (const folder of [cache, shared, join(shared, "dir")]) mkdirSync(folder);
    for (const name of ["a", "b", "dir/c"]) writeFileSync(join(shared, name), 's="$s 100"\n');
    const before = input.questions.slice(0, input.questions.length / 2);
    const script = [
      ...before,
      `i=0; while [ $i -lt ${input.loops / 2} ]; do i=$((i+1)); done; echo "$s" >&2`,
      // A start ends at the first output, and what comes behind it has questions, too.
      ...input.questions.slice(before.length),
      `i=0; while [ $i -lt ${input.loops} ]; do i=$((i+1)); done`,
      'echo "$s" | tr "\\n" " "; date +%N; [ -e /mnt/b ]; exit $?',
    ].join("\n");
    const options = ["--root", "/", "--clock", "2026-01-01", "--cwd", "/", "--mount", `${shared}:/mnt`];
    const run = (more: readonly string[], seconds = PATIENCE): Promise<Ended> =>
      trapgate(["run", ...options, ...more, "--", "/bin/sh", "-c", script], { seconds });
    const kept = ["--code-cache", cache];
    const whole = (): Promise<Ended> => run([...kept, "--no-start-cache"]);
    const verdict = noFinding(input.steps.length, digestOf(script));
    let last = "nothing";
    let expected = await whole();
    for (const s of input.steps) {
      if (s.do === "change") apply(shared, s);
      else if (s.do === "wait") await settle();
      else if (s.do === "damage") {
        if (readdirSync(cache).length > 0) damage(cache, s);
      } else if (s.do === "kill") await run(kept, s.after / 1000);
      else if (s.do === "run while") {
        const ended = run(kept);
        await new Promise((resolve) => setTimeout(resolve, s.after));
        apply(shared, s.change);
        await ended;
      } else {
        for (const ended of await Promise.all(Array.from({ length: s.together ?? 1 }, () => run(kept)))) {
          const finding = judged(ended, expected, last);
          if (finding) return { ...verdict, finding };
        }
        continue;
      }
      last = s.do === "change" || s.do === "damage" ? s.how : s.do === "run while" ? `${s.change.how} while it ran` : s.do;
      expected = await whole();
    }
    return verdict;
  });

/** The programs of the scripts. */
const requirePrograms = (): void => {
  requireBuild();
  const { status } = spawnSync("/bin/sh", ["-c", "stat -c %s / && date +%N && readlink /proc/self"]);
  if (status !== 0) throw new Error("this kind needs /bin/sh, stat, date and readlink of the host");
};

export const starts = kind<Input>({
  summary: "changed files of the host, damaged kept starts, kill -9, runs at the same time: programs do the same",
  bounds: { seconds: 180, megabytes: 2000 },
  needs: requirePrograms,
  draw,
  check,
  parts: { of: ({ steps }) => steps, with: (input, parts) => ({ ...input, steps: parts as readonly Step[] }) },
});
