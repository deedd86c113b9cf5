// A person at a terminal: random keys, window sizes and signals for guests that compute, wait, ignore signals
// or change the terminal's modes. The run ends when it is told to, and gives the terminal back.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Problem } from "../../src/problem.ts";
import type { Random } from "../oracle/random.ts";
import { inScratch, requireBuild } from "./cli.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const driver = file("terminal.py");
const bin = file("../../bin/trapgate.js");
const box = file("../../.cache/debian/busybox-amd64/usr/bin/busybox");

/** Scripts for sh. `busy`: no program of it waits for input, so the third ^C ends the run. */
const guests = {
  loop: { script: "echo ready; while :; do :; done", busy: true },
  yes: { script: "echo ready; yes", busy: true },
  ignores: { script: "trap '' INT QUIT TSTP HUP TERM; echo ready; while :; do :; done", busy: true },
  traps: { script: "trap 'echo int' INT; trap 'stty size' WINCH; trap 'echo term' TERM; echo ready; while :; do :; done", busy: true },
  children: { script: "echo ready; while :; do (:); done", busy: true },
  raw: { script: "stty raw -isig -echo; echo ready; while :; do :; done", busy: true },
  modes: { script: "echo ready; while :; do stty raw; stty sane; done", busy: true },
  sleeps: { script: "trap '' INT; echo ready; sleep 1000; sleep 1000", busy: true },
  cat: { script: "echo ready; cat", busy: false },
  editor: { script: "echo ready; vi f", busy: false },
  shell: { script: "echo ready; exec sh -i", busy: false },
  waits: { script: "stty raw -isig -echo; echo ready; cat", busy: false },
} as const;
type Guest = keyof typeof guests;

type Step = readonly ["keys", string] | readonly ["resize", number, number] | readonly ["signal", number] | readonly ["wait", number];
interface Input {
  readonly guest: Guest;
  readonly options: readonly string[];
  readonly steps: readonly Step[];
}

// biome-ignore format: table
const keys = [
  "\x03", "\x03\x03", "\x1c", "\x1a", "\x04", "\x13", "\x11", "\x16\x03", "\x15", "\x17", "\x7f", "\r", "\n", "a", "ls -l\r", "exit\r", "\x1b[A", "\x1b:q!\r",
  "sleep 1 &\r", "fg\r", "stty -a\r", "x".repeat(5000), "\x00\xff\x80",
] as const;
/** HUP, INT, QUIT, USR1, TERM, CONT, TSTP, WINCH. */
const signals = [1, 2, 3, 10, 15, 18, 20, 28] as const;
const sizes = [0, 1, 2, 24, 80, 1000, 65_535] as const;
const options = [["run"], ["run"], ["run", "--engine", "interpret"], ["trace", "-f", "-o", "/dev/null"], ["run", "--net", "host"]] as const;

const step = (r: Random): Step =>
  r.pick([
    (): Step => ["keys", r.pick(keys)],
    (): Step => ["keys", r.pick(keys)],
    (): Step => ["resize", r.pick(sizes), r.pick(sizes)],
    (): Step => ["signal", r.pick(signals)],
    (): Step => ["wait", r.below(20) / 100],
  ])();
const draw = (r: Random): Input => ({
  guest: r.pick(Object.keys(guests) as Guest[]),
  options: r.pick(options),
  steps: Array.from({ length: 1 + r.below(15) }, () => step(r)),
});

/** What terminal.py says. */
interface Seen {
  readonly ready: boolean;
  readonly end: number | null;
  readonly early: boolean;
  readonly interrupt?: number;
  readonly terminate?: number;
  readonly killed?: true;
  readonly modes: readonly boolean[];
  readonly tail: string;
}
/** Seconds: to begin on a busy machine, and to end. */
const START = 20;
const PATIENCE = 3;

const drive = (given: object, cwd: string): Promise<Seen> =>
  new Promise((resolve, reject) => {
    const child = spawn("python3", [driver], { cwd, stdio: ["pipe", "pipe", "inherit"] });
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => void (said += bytes.toString()));
    child.on("error", reject).on("close", (status) => {
      if (status === 0) resolve(JSON.parse(said) as Seen);
      else reject(new Error(`terminal.py ended with ${status}`));
    });
    child.stdin.end(JSON.stringify(given));
  });

const lawsOf = ({ guest }: Input, seen: Seen): Finding | undefined => {
  const told = JSON.stringify(seen);
  if (seen.end === 125 || /internal error|RangeError|TypeError|FATAL ERROR/.test(seen.tail))
    return { rule: "nothing throws", expected: "an end", seen: told };
  if (seen.killed) return { rule: "the third SIGTERM ends a run", expected: `an end within ${PATIENCE} s`, seen: told };
  if (seen.modes.includes(false))
    return { rule: "the terminal is given back as it was", expected: "the same modes at each stop and at the end", seen: told };
  if (guests[guest].busy && seen.ready && !seen.early && seen.interrupt === undefined)
    return { rule: "the third ^C ends a busy run", expected: `an end within ${PATIENCE} s`, seen: told };
  return undefined;
};

const check = (input: Input) =>
  inScratch(async (folder) => {
    const command = [process.execPath, bin, ...input.options, box, "sh", "-c", guests[input.guest].script];
    const seen = await drive({ command, steps: input.steps, start: START, patience: PATIENCE }, folder);
    const finding = lawsOf(input, seen);
    return finding ? { inputs: 1, digest: "", finding } : noFinding(1, "ended");
  });

export const terminal = kind<Input>({
  summary: "keys, window sizes and signals at a pty, for guests that compute, wait, ignore signals or change modes",
  bounds: { seconds: 90, megabytes: 1000 },
  needs: () => {
    requireBuild();
    if (spawnSync("python3", ["-c", "import pty"]).status !== 0)
      throw new Problem("usage", "this kind needs python3, whose pty module it uses");
    if (!existsSync(box)) throw new Problem("usage", "this kind runs Debian's busybox, which is not there", { help: "npm run setup" });
  },
  draw,
  check,
  parts: { of: (input) => input.steps, with: (input, parts) => ({ ...input, steps: parts as readonly Step[] }) },
});
