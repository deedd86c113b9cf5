// Workers in processes of their own: one that hangs, grows or dies is replaced, and the input that it had is
// a finding.
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Bounds } from "./kind.ts";
import type { Answer, Request } from "./worker.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const MEBIBYTE = 2 ** 20;
const WATCH_EVERY = 200;
/** Seconds for the start of a process of Node.js with loaded machines. */
const START_SECONDS = 120;

/** Resident bytes of a process; 0 where there is no /proc. */
const resident = (pid: number): number => {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
};

const broken = (rule: string, expected: string, seen: string): Answer => ({ inputs: 1, digest: "", finding: { rule, expected, seen } });

export class Worker {
  readonly #kind: string;
  readonly #bounds: Bounds;
  readonly #program: string;
  #child: ChildProcess | undefined = undefined;
  #said = "";

  /** `program`: the module that calls `work`, if it is not the campaign's own. */
  constructor(kind: string, bounds: Bounds, program = main) {
    this.#program = program;
    this.#kind = kind;
    this.#bounds = bounds;
  }

  async #begun(): Promise<ChildProcess> {
    if (this.#child) return this.#child;
    const child = fork(this.#program, ["worker", this.#kind], {
      execArgv: ["--import", "tsx", `--max-old-space-size=${this.#bounds.megabytes}`],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      detached: true,
    });
    this.#said = "";
    child.stderr?.on("data", (bytes: Buffer) => {
      this.#said = (this.#said + bytes.toString()).slice(-2000);
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the worker does not begin: ${this.#said}`)), START_SECONDS * 1000);
      child.once("message", () => (clearTimeout(timer), resolve()));
      child.once("exit", () => (clearTimeout(timer), reject(new Error(`the worker ended at once: ${this.#said}`))));
    });
    child.removeAllListeners("exit");
    return child;
  }

  /** The worker's answer, or the end of the worker. */
  async ask(request: Request): Promise<Answer> {
    const child = await this.#begun();
    const { seconds, megabytes } = this.#bounds;
    const begun = Date.now();
    return new Promise((resolve) => {
      const done = (answer: Answer, alive: boolean): void => {
        clearInterval(watch);
        child.removeAllListeners("message");
        child.removeAllListeners("exit");
        if (!alive) this.end();
        resolve(answer);
      };
      const watch = setInterval(() => {
        const rss = resident(child.pid ?? 0);
        if (Date.now() - begun > seconds * 1000)
          done(broken("everything ends", `an answer within ${seconds} s`, "none: the process was killed"), false);
        else if (rss > megabytes * MEBIBYTE)
          done(broken("memory is bounded", `at most ${megabytes} MiB resident`, "more: the process was killed"), false);
      }, WATCH_EVERY);
      child.on("message", (answer: Answer) => done(answer, true));
      child.once("exit", (status, signal) =>
        done(
          broken(
            "the process lives",
            "an answer",
            `the process ended with ${signal ?? status}: ${this.#said.trim().split("\n").slice(0, 6).join("\n")}`,
          ),
          false,
        ),
      );
      child.send(request);
    });
  }

  /** Kills the worker, and all that it started. */
  end(): void {
    const pid = this.#child?.pid;
    this.#child = undefined;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}
