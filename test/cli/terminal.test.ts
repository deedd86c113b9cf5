// A terminal of the host in the guest's hands: line editing, window size, signals by key, and everything as
// before at the end.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { busybox, missing, top } from "../support/host.ts";

const need = busybox("amd64");
/** script(1) gives a program a terminal of its own. */
const script = { what: "script(1) of util-linux", met: spawnSync("script", ["--version"], { stdio: "ignore" }).status === 0 };

/** Type each line when the text before it has appeared; resolves with all output. */
const converse = (command: string, dialogue: readonly (readonly [after: string, type: string])[]): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn("script", ["-qec", command, "/dev/null"], { cwd: top, stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    let from = 0;
    let step = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString("latin1");
      for (let next = dialogue[step]; next; next = dialogue[step]) {
        const at = output.indexOf(next[0], from);
        if (at < 0) break;
        from = at + next[0].length;
        step++;
        child.stdin.write(next[1]);
      }
    });
    const patience = setTimeout(() => child.kill("SIGKILL"), 50_000);
    child.on("close", () => {
      clearTimeout(patience);
      resolve(output);
    });
  });

describe.skipIf(missing("a terminal", need, script))("a terminal", { timeout: 60_000 }, () => {
  it("is the guest's: echo, lines, sizes, Ctrl-C, and given back at the end", async () => {
    const output = await converse(
      `stty rows 33 cols 99; node bin/trapgate.js run ${need.path} sh; echo status $?; stty -a | grep -o '[-]*icanon'`,
      [
        ["/ # ", "tty; stty size\r"],
        ["33 99", "echo go; sleep 1000\r"],
        ["\ngo", "\u0003"],
        ["/ # ", "echo in; cat\r"],
        ["\nin", "lime\u007fne\r\u0004"],
        ["\nlimne", "exit 5\r"],
      ],
    );
    expect(output).toContain("/dev/console\r\r\n33 99");
    expect(output).toContain("lime\b \bne\r\r\nlimne\r\r\n");
    expect(output).toContain("status 5\r\nicanon");
  });

  it.each([
    ["a program that writes on", "yes"],
    ["a program that reads", "sh -c 'echo yes; cat'"],
  ])("that goes away ends %s as SIGHUP does: 129, not an abort", async (_, program) => {
    await inFolder(async (folder) => {
      // The shell survives SIGHUP, so that it can report the end.
      const command = `trap : HUP; node bin/trapgate.js run ${need.path} ${program}; echo $? > ${folder}/status`;
      const child = spawn("script", ["-qec", command, "/dev/null"], { cwd: top, stdio: ["pipe", "pipe", "inherit"] });
      await new Promise<void>((resolve) => child.stdout.on("data", (chunk: Buffer) => chunk.includes("y") && resolve()));
      // With script(1) the terminal's other side is gone.
      child.kill("SIGKILL");
      await expect
        .poll(() => existsSync(`${folder}/status`) && readFileSync(`${folder}/status`, "utf8"), { timeout: 20_000 })
        .toBe("129\n");
    });
  });
});
