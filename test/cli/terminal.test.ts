// A terminal of the host in the guest's hands: line editing, window size, signals by key, and everything as
// before at the end.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { busybox, missing, top } from "../support/host.ts";
import { converse, script } from "../support/terminal.ts";

const need = busybox("amd64");
describe.skipIf(missing("a terminal", need, script))("a terminal", { timeout: 60_000 }, () => {
  it("is the guest's: echo, lines, sizes, Ctrl-C, and given back at the end", async () => {
    const { output } = await converse(
      `stty rows 33 cols 99; node bin/trapgate.js run ${need.path} sh; echo status $?; stty -a | grep -o '[-]*icanon'`,
      [
        { after: "/ # ", type: "tty; stty size\r" },
        { after: "33 99", type: "echo go; sleep 1000\r" },
        { after: "\ngo", type: "\u0003" },
        { after: "/ # ", type: "echo in; cat\r" },
        { after: "\nin", type: "lime\u007fne\r\u0004" },
        { after: "\nlimne", type: "exit 5\r" },
      ],
    );
    expect(output).toContain("/dev/console\r\n33 99");
    expect(output).toContain("lime\b \bne\r\nlimne\r\n");
    expect(output).toContain("status 5\r\nicanon");
  });
  it("shows the bytes of its line discipline, and lines of a trace", async () => {
    const { output } = await converse(
      `node bin/trapgate.js trace -e exit_group ${need.path} sh -c 'echo one; stty -opost; printf "two\\nthree\\n"'; stty -a | grep -o '[-]*opost'`,
      [],
    );
    expect(output).toMatch(/^one\r\n(?:---[^\r\n]*\r\n)?two\nthree\n/m);
    expect(output).toMatch(/\nexit_group\(0\)[^\r\n]*\r\n(?:[^\r\n]*\r\n)*opost\r\n$/);
  });

  it("behind a pipe shows each line once, and the pipe is the program's input", async () => {
    const { output } = await converse(
      `echo in | node bin/trapgate.js run ${need.path} sh -c 'echo one; read x; echo two $x; cat; tty >&2'; echo status $?`,
      [],
    );
    expect(output).toMatch(/^(?:\^@)?one\r\ntwo in\r\nnot a tty\r\nstatus 1\r\n$/);
  });
  it("in front of a pipe leaves the terminal of the other program as it is", async () => {
    const { output } = await converse(`node bin/trapgate.js run ${need.path} sh -c 'echo one; echo two; echo err >&2' | cat`, []);
    expect(output.split("\r\n").sort()).toEqual(["", "err", "one", "two"]);
  });
  it("shows a run that is kept as it was, and runs one that sets the terminal", async () => {
    await inFolder(async (folder) => {
      const shown = async (program: string) =>
        (await converse(`node bin/trapgate.js run --root / --cwd / --code-cache ${folder} -- /bin/sh -c '${program}'; echo status $?`, []))
          .output;
      const stats = `node bin/trapgate.js run --stats --root / --cwd / --code-cache ${folder} -- /bin/sh -c`;
      for (const [program, isKept] of [
        [`printf "a\\tb\\n\\033[1mbold\\033[0m\\n"; echo err >&2; exit 3`, true],
        ["stty -opost; echo raw; exit 3", false],
      ] as const) {
        const first = await shown(program);
        expect(first).toMatch(/\n(?:.*\n)?status 3\r\n$/);
        expect(await shown(program)).toBe(first);
        const { output } = await converse(`${stats} '${program}'`, []);
        expect(output.includes("instructions of a kept start"), program).toBe(isKept);
      }
    });
  });
  it("is recorded with its modes, and a replay shows the same", async () => {
    await inFolder(async (folder) => {
      const lines = /^(?:\^@)?one\r\ntwo\r?\nthree\r?\nfour\r\nopost\r\n$/;
      const program = `sh -c 'echo one; stty -opost; echo two; echo three; stty opost; echo four'`;
      const mode = "stty -a | grep -o '[-]*opost'";
      const recorded = await converse(`node bin/trapgate.js record -o ${folder}/run ${need.path} ${program}; ${mode}`, []);
      expect(recorded.output).toMatch(lines);
      expect(recorded.output).toContain("two\nthree\n");
      expect((await converse(`node bin/trapgate.js replay ${folder}/run; ${mode}`, [])).output).toMatch(lines);
      expect((await converse(`echo in | node bin/trapgate.js record -o ${folder}/piped ${need.path} cat`, [])).output).toMatch(
        /^(?:\^@)?in\r\n$/,
      );
      expect((await converse(`node bin/trapgate.js replay ${folder}/piped`, [])).output).toMatch(/^(?:\^@)?in\r\n$/);
    });
  });
  it("of a debugger shows what its program prints", async () => {
    const gdb = `gdb -nx -batch -ex "target remote 127.0.0.1:$(sed -n 's/.*remote .*:\\([0-9]*\\).*/\\1/p' $at)" -ex continue >/dev/null 2>&1`;
    const { output } = await converse(
      `at=$(mktemp); node bin/trapgate.js debug --listen 127.0.0.1:0 ${need.path} echo one 2> $at & while ! grep -q remote $at; do sleep 0.1; done; ${gdb}; wait; stty -a | grep -o '[-]*opost'`,
      [],
    );
    expect(output).toMatch(/one\r\nopost\r\n$/);
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
