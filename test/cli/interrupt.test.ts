// Keys at the host's terminal reach a guest that computes: ^C, ^\, ^Z and window sizes. Typed at a pty, and
// in tmux. INTERRUPT=all tries every guest with every command.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busybox, gcc, missing, top } from "../support/host.ts";
import { converse, script } from "../support/terminal.ts";

const INTR = "\u0003";
const QUIT = "\u001c";
const SUSP = "\u001a";
const box = busybox("amd64");
const folder = mkdtempSync(`${tmpdir()}/trapgate-interrupt-`);
afterAll(() => rmSync(folder, { recursive: true }));

/** Busy guests. Each says "ready" first. */
const guests = {
  "a loop of a shell": `${box.path} sh -c 'echo ready; while :; do :; done'`,
  yes: `${box.path} sh -c 'echo ready; yes'`,
  "a loop of children": `--root / /bin/sh -c 'echo ready; while :; do /bin/true; done'`,
  python: `--root / /usr/bin/python3 -c 'print("ready", flush=True)\nwhile True: pass'`,
  perl: `--root / /usr/bin/perl -e '$| = 1; print "ready\n"; while (1) {}'`,
  "a loop of C": `${folder}/spin`,
  "a shell that ignores SIGINT": `${box.path} sh -c 'trap "" INT; echo ready; while :; do :; done'`,
} as const;
type Guest = keyof typeof guests;
const commands = {
  run: "run",
  "run with the interpreter": "run --engine interpret",
  trace: "trace -f -o /dev/null",
  learn: `seccomp learn -o ${folder}/policy.json`,
  explore: "explore",
} as const;
type Command = keyof typeof commands;

/** An explored program that writes without end is ended by the bound of its output, before any key. */
const all = Object.keys(guests)
  .flatMap((guest) => Object.keys(commands).map((command) => [command, guest] as [Command, Guest]))
  .filter(([command, guest]) => command !== "explore" || guest !== "yes");
/** Explored programs write nothing before the end. */
const some = all.filter(([command, guest]) => (command === "run" ? guest !== "python" : guest === "a loop of C"));
const chosen = process.env["INTERRUPT"] === "all" ? all : some;
/** Milliseconds: from the third ^C to the end, and a moment for a busy host. */
const LIMIT = 500;

describe.skipIf(missing("keys at a terminal", box, gcc, script))("a busy guest at a terminal", { timeout: 60_000 }, () => {
  beforeAll(() => {
    writeFileSync(`${folder}/spin.c`, '#include <unistd.h>\nint main(void) { write(1, "ready\\n", 6); for (;;) __asm__ volatile(""); }\n');
    execFileSync("gcc", ["-O1", "-static", "-o", `${folder}/spin`, `${folder}/spin.c`]);
  });
  const trapgate = (command: string, guest: string): string => `node bin/trapgate.js ${command} ${guest}`;

  it.each(chosen)("%s: %s ends by ^C, at the latest by the third", async (command, guest) => {
    const [after, pause] = command === "explore" ? ["", 4000] : ["ready", 300];
    const keys = [
      { after, type: INTR, pause },
      { after: "", type: INTR, pause: 700 },
      { after: "", type: INTR, pause: 700 },
    ];
    const { since, status, output } = await converse(trapgate(commands[command], guests[guest]), keys, 40_000);
    expect([output.slice(-500), status]).toEqual([expect.anything(), 130]);
    if (guest === "a shell that ignores SIGINT" && command !== "explore") expect(since.length).toBe(3);
    if (since.length === 3) expect(since.at(-1)).toBeLessThan(LIMIT);
  });

  it.each(["landmines --policy", "seccomp audit", "seccomp explain"])(
    "%s: a policy that takes long ends by the first ^C",
    async (command) => {
      // Twenty-five conditions on random numbers take more than the ten seconds of these commands.
      let seed = 1;
      const next = (): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 1;
      const hard = Array.from({ length: 25 }, () => `arg0 & ${next() | 1} && arg1 in ${next()} && arg2 > ${next()}`);
      writeFileSync(`${folder}/hard`, `read: 1\nmmap: ${hard.join(" || ")}\n`);
      const keys = [{ after: "", type: INTR, pause: 2500 }];
      const { since, status } = await converse(trapgate(command, `${folder}/hard`), keys, 40_000);
      expect([since.length, status]).toEqual([1, 130]);
      expect(since.at(-1)).toBeLessThan(LIMIT);
    },
  );

  it("has the new size of the window, and ends by ^\\", async () => {
    const loop = `'trap "stty size" WINCH; trap "echo quit; exit 7" QUIT; echo ready; while :; do :; done'`;
    const resized = "(sleep 4; stty -F /dev/tty rows 31 cols 91) &";
    const { output } = await converse(`${resized} ${trapgate("run", `${box.path} sh -c ${loop}`)}; echo status $?`, [
      { after: "31 91", type: QUIT },
    ]);
    expect(output).toContain("quit\r\nstatus 7");
  });

  it("stops by ^Z as a native program does, continues with fg, and gives the terminal back meanwhile", async () => {
    const { output, status } = await converse("bash --norc --noediting -i", [
      { after: "# ", type: `${trapgate("run", guests["a loop of C"])}\r` },
      { after: "ready", type: SUSP, pause: 500 },
      { after: "Stopped", type: "stty -a | grep -o '[-]*isig'\r", pause: 300 },
      { after: "\nisig", type: "fg\r", pause: 300 },
      { after: "spin", type: INTR, pause: 1500 },
      { after: "# ", type: "echo status $?; exit\r" },
      { after: "status", type: "", pause: 0 },
    ]);
    expect([output, status]).toEqual([expect.stringContaining("status 130"), 0]);
  });

  it("gives the terminal back when it is killed by SIGTERM", async () => {
    const run = `sh -c 'echo $$ > ${folder}/pid; exec ${trapgate("run", guests["a loop of C"])}'`;
    const command = `(sleep 4; kill -TERM $(cat ${folder}/pid)) & ${run}; echo status $?; stty -a | grep -o '[-]*icanon'`;
    const { output } = await converse(command, []);
    expect(output).toContain("status 143\r\nicanon");
  });

  it.runIf(existsSync("/usr/bin/tmux"))("ends in tmux", async () => {
    const session = `trapgate-${process.pid}`;
    const tmux = (...args: string[]) => spawnSync("tmux", ["-L", session, ...args], { encoding: "utf8" });
    const file = `${folder}/tmux`;
    tmux("new-session", "-d", "-s", session, "-c", top, `${trapgate("run", guests["a loop of a shell"])}; echo $? > ${file}`);
    try {
      await expect.poll(() => tmux("capture-pane", "-p", "-t", session).stdout, { timeout: 20_000 }).toContain("ready");
      tmux("send-keys", "-t", session, "C-c");
      await expect.poll(() => existsSync(file) && readFileSync(file, "utf8"), { timeout: 2000 }).toBe("130\n");
    } finally {
      tmux("kill-server");
    }
  });
});
