// One entry of LTP, natively or inside: its exit status (a sum of flags) and its counts. LTP
// include/tst_res_flags.h
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Entry } from "./entries.ts";

/**
 * The outcome of an entry: its exit status or "timeout", its lines by kind, and the first lines that are no
 * pass.
 */
export interface Outcome {
  readonly exit: number | "timeout";
  readonly pass: number;
  readonly fail: number;
  readonly broken: number;
  readonly unsupported: number;
  readonly lines: readonly string[];
}

const count = (text: string, kind: string): number => text.match(new RegExp(`\\b${kind}\\b ?(?:: |\\s+:)`, "g"))?.length ?? 0;
const outcome = (exit: number | "timeout", text: string): Outcome => ({
  exit,
  pass: count(text, "TPASS"),
  fail: count(text, "TFAIL"),
  broken: count(text, "TBROK"),
  unsupported: count(text, "TCONF"),
  lines: text
    .split("\n")
    .filter((l) => /TFAIL|TBROK|TCONF|TWARN|internal error/.test(l))
    .slice(0, 3)
    .map((l) => l.slice(0, 240)),
});

/** Ends the whole group of a test, which is a session of its own. */
const endGroup = (pid: number | undefined): void => {
  try {
    if (pid) process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
};

const finished = (command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string, seconds: number): Promise<Outcome> =>
  new Promise((done) => {
    const child = spawn(command, args, { env, cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    let late = false;
    const add = (bytes: Buffer): void => {
      if (text.length < 1 << 20) text += bytes.toString("latin1");
    };
    child.stdout.on("data", add);
    child.stderr.on("data", add);
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid);
    }, seconds * 1000);
    child.on("close", (code) => {
      clearTimeout(timer);
      done(outcome(late ? "timeout" : (code ?? 128), text));
    });
  });

const shell = (ltp: string, entry: Entry, tmp: string): { env: Record<string, string>; script: string } => ({
  env: {
    PATH: `${entry.folders.map((folder) => `${ltp}/${folder}:`).join("")}${ltp}/testcases/lib:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    LTPROOT: ltp,
    TMPDIR: tmp,
    HOME: "/root",
    USER: "root",
    KCONFIG_SKIP_CHECK: "1",
  },
  script: `cd ${tmp} && ${/[;=|]/.test(entry.command) ? "" : "exec "}${entry.command}`,
});

/** The entry on the kernel under us. */
export const natively = (ltp: string, entry: Entry, tmp: string, seconds: number): Promise<Outcome> => {
  const { env, script } = shell(ltp, entry, tmp);
  return finished("/bin/sh", ["-c", script], env, tmp, seconds);
};

/**
 * Options of the machine for entries that need a part of the host that a machine has on demand only: the
 * processors, the network, or more than its memory by default.
 */
const surroundings: Readonly<Record<string, readonly string[]>> = {
  getcwd04: ["--cpus", "2"],
  accept02: ["--net", "host"],
  mallinfo2_01: ["--memory", "3G"],
};
const GUEST_FOLDER = "/opt/ltp";
/** The entry inside: the host's root with the project's folder in it. `trapgate` is the command line. */
export const inside = (trapgate: readonly string[], ltp: string, entry: Entry, seconds: number): Promise<Outcome> => {
  const { env, script } = shell(GUEST_FOLDER, entry, "/tmp");
  const [command, ...first] = trapgate as [string, ...string[]];
  const variables = Object.entries(env).flatMap(([k, v]) => ["-e", `${k}=${v}`]);
  const options = [
    "run",
    "--root",
    "/",
    "--cpu",
    "max:amd",
    "--mount",
    `${ltp}:${GUEST_FOLDER}`,
    "--timeout",
    String(seconds),
    ...(surroundings[entry.name] ?? []),
    ...variables,
  ];
  return finished(command, [...first, ...options, "--", "/bin/sh", "-c", script], process.env, join("/"), seconds + 20);
};
