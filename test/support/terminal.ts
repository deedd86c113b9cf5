// A person at a terminal: script(1) gives a command a pty of its own; keys are typed at it.
import { spawn, spawnSync } from "node:child_process";
import { type Need, top } from "./host.ts";

export const script: Need = {
  what: "script(1) of util-linux",
  met: spawnSync("script", ["--version"], { stdio: "ignore" }).status === 0,
};

/** A key, and the text after which it is typed; with `pause`, so many milliseconds later. */
export interface Typed {
  readonly after: string;
  readonly type: string;
  readonly pause?: number;
}
export interface Conversation {
  readonly output: string;
  readonly status: number | null;
  /** Milliseconds from each key to the end of the command. */
  readonly since: readonly number[];
}

/** Types each key when the text before it has appeared. The command is killed after `limit` milliseconds. */
export const converse = (command: string, dialogue: readonly Typed[], limit = 50_000): Promise<Conversation> =>
  new Promise((resolve) => {
    const child = spawn("script", ["-qec", command, "/dev/null"], { cwd: top, stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    let from = 0;
    let step = 0;
    const typed: number[] = [];
    let waiting: NodeJS.Timeout | undefined;
    const go = (): void => {
      const next = dialogue[step];
      if (next === undefined || waiting !== undefined) return;
      const at = output.indexOf(next.after, from);
      if (at < 0) return;
      from = at + next.after.length;
      waiting = setTimeout(() => {
        waiting = undefined;
        step++;
        typed.push(performance.now());
        if (!child.stdin.destroyed) child.stdin.write(next.type);
        go();
      }, next.pause ?? 0);
    };
    child.stdin.on("error", () => {});
    child.stdout.on("data", (chunk: Buffer) => {
      // A guest that writes without end is not kept whole.
      output = `${output}${chunk.toString("latin1")}`;
      if (output.length > 1 << 20) {
        from = Math.max(0, from - (output.length - (1 << 19)));
        output = output.slice(-(1 << 19));
      }
      go();
    });
    go();
    const patience = setTimeout(() => child.kill("SIGKILL"), limit);
    child.on("close", (status) => {
      const now = performance.now();
      clearTimeout(patience);
      clearTimeout(waiting);
      resolve({ output, status, since: typed.map((at) => now - at) });
    });
  });
