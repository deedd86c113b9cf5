// `trapgate record` and `replay`: the same run without its host.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { recordingOf, unpacker } from "../../src/cli/recorded.ts";
import type { HostNode, HostTree } from "../../src/kernel/fs/types/host-tree.ts";
import { momentText } from "../../src/machine/moment.ts";
import { openRecording } from "../../src/machine/recording/recording.ts";
import { replayed } from "../../src/machine/recording/replay.ts";
import { Problem } from "../../src/problem.ts";
import { Random } from "../../tools/oracle/random.ts";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, nativeX64, top } from "../support/host.ts";

const shell = "/bin/sh";
const lacking = missing("recordings", nativeX64, { what: shell, met: existsSync(shell) });

/** Records a shell's script with a folder of the host at /data. */
const record = (folder: string, script: string, { mode = "ro", input = "" } = {}) => {
  const file = join(folder, "run.rec");
  const args = ["record", "-o", file, "--root", "/", "--mount", `${folder}/data:/data:${mode}`, "--cwd", "/", shell, "-c", script];
  return { file, run: trapgate(args, { input }) };
};
const withData = (use: (folder: string) => Promise<void> | void) =>
  inFolder(async (folder) => {
    mkdirSync(join(folder, "data"));
    for (const name of ["one", "two", "three"]) writeFileSync(join(folder, "data", name), `${name}\n`.repeat(1000));
    await use(folder);
  });

describe.skipIf(lacking)("a recording", { timeout: 60_000 }, () => {
  it("replays without the folders that the run has seen, call for call", async () => {
    await withData((folder) => {
      const script = "cd /data; ls -l; cat one | wc -c; sort two three | uniq -c; exit 3";
      const { file, run } = record(folder, script);
      expect(run).toMatchObject({ status: 3, stderr: "" });
      const traced = trapgate(["replay", "--calls", "-f", "-o", join(folder, "before"), file]);
      rmSync(join(folder, "data"), { recursive: true });
      expect(trapgate(["replay", file])).toEqual(run);
      expect(trapgate(["replay", "--calls", "-f", "-o", join(folder, "after"), file])).toEqual(traced);
      const lines = readFileSync(join(folder, "after"), "utf8");
      expect(lines).toBe(readFileSync(join(folder, "before"), "utf8"));
      expect(lines).toMatch(/openat\(AT_FDCWD, "one", O_RDONLY\)/);
    });
  });
  it("has the time of day of its run, which was the host's", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "run.rec");
      const run = trapgate(["record", "-o", file, "--root", "/", "--clock", "now", shell, "-c", "date +%s"]);
      expect(Math.abs(Number(run.stdout) - Date.now() / 1000)).toBeLessThan(60);
      await sleep(1100);
      expect(trapgate(["replay", file])).toEqual(run);
    });
  });
  it("ends where its run did, with another process that outlives the first one", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "run.rec");
      const run = trapgate(["record", "-o", file, "--root", "/", shell, "-c", "(while :; do :; done) & exit 3"]);
      expect(run.status).toBe(3);
      expect(trapgate(["replay", file])).toEqual(run);
    });
  });
  it("goes on while all processes that outlive the first one sleep", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "run.rec");
      // The sleep is over in the same piece of the run, unless the host is slow: mostly then.
      for (let round = 0; round < 3; round++) {
        const run = trapgate(["record", "-o", file, "--root", "/", shell, "-c", "(sleep 2; echo late) & exec sleep 1"]);
        expect(trapgate(["replay", file])).toEqual(run);
      }
    });
  });
  it("takes from the same file of this host what the run did not read of it", async () => {
    await withData(async (folder) => {
      const path = join(folder, "data", "one");
      const { file } = record(folder, `head -c 1 ${path}`);
      /** Bytes of the file in a piece that the run did not read. */
      const other = (root?: string): string | number => {
        let node: HostNode | number = (recordingOf(file, root).options.machine.root as HostTree).root;
        for (const name of path.split("/").slice(1)) node = typeof node === "number" ? node : node.lookup(name);
        const into = new Uint8Array(8);
        const length = typeof node === "number" ? node : node.read(2048, into);
        return length < 0 ? length : new TextDecoder().decode(into);
      };
      expect([other(), other("/")]).toEqual([-5, "one\none\n"]);
      writeFileSync(path, "other\n".repeat(1000));
      expect(other("/")).toBe(-5);
    });
  });
  it.skipIf(missing("names of a recording", gcc))("is asked about variables by the symbols of this host's files", async () => {
    await inFolder(async (folder) => {
      const [file, program] = [join(folder, "run.rec"), join(folder, "program")];
      execFileSync("gcc", ["-w", "-static", "-o", program, "-x", "c", "-"], { input: "int counter; int main() { return ++counter + 4; }" });
      expect(trapgate(["record", "-o", file, "--root", "/", program]).status).toBe(5);
      const question = ["query", "writes", "counter", "--last"];
      expect(trapgate([...question, file]).stderr).toContain("--root DIR");
      expect(trapgate([...question, "--root", "/", file]).stdout).toContain("0x0 -> 0x1");
      expect(trapgate([...question, "--cpus", "2", file]).stderr).toContain("--cpus is an option of a run");
    });
  });
  it("takes no words behind it, and no options of a run", async () => {
    await inFolder(async (folder) => {
      const [file, policy] = [join(folder, "run.rec"), join(folder, "policy.json")];
      expect(trapgate(["record", "-o", file, "--root", "/", shell, "-c", "true"]).status).toBe(0);
      writeFileSync(policy, '{ "defaultAction": "SCMP_ACT_ALLOW" }');
      for (const command of [["trace"], ["query", "calls"], ["debug"], ["seccomp", "coverage", "--policy", policy]]) {
        const wrong = (...words: string[]): string => {
          const run = trapgate([...command, ...words]);
          expect([command, words, run.status, run.stdout]).toEqual([command, words, 125, ""]);
          return run.stderr;
        };
        expect(wrong(file, "--json")).toMatch(/is a recording, and "--json" stands behind it.*\n?.*options come before the recording/);
        expect(wrong(file, "word")).toMatch(/and "word" stands behind it/);
        expect(wrong("--cpus", "2", file)).toMatch(/--cpus is an option of a run/);
        if (command[0] === "query" || command[0] === "debug")
          expect(wrong("--stdin", policy, file)).toMatch(/--stdin is an option of a run/);
      }
    });
  });
  it("has what the run changed in a folder of the host, and the answers after it", async () => {
    await withData((folder) => {
      const script =
        "cd /data; echo more >> one; mv two four; rm three; mkdir d; ln -s one d/l; chmod 600 one; ls -R; tail -n 1 one; stat -c %a one";
      const { file, run } = record(folder, script, { mode: "rw" });
      expect(run.stdout).toMatch(/four\none\n(?:.*\n)*more\n600\n$/);
      expect(readFileSync(join(folder, "data", "one"), "utf8")).toMatch(/more\n$/);
      rmSync(join(folder, "data"), { recursive: true });
      expect(trapgate(["replay", file])).toEqual(run);
      expect(existsSync(join(folder, "data"))).toBe(false);
    });
  });
  it("has the input, piece by piece, at the moments at which it came", async () => {
    await withData(async (folder) => {
      const file = join(folder, "run.rec");
      const script = 'while read -r line; do echo "$line at $(cut -d" " -f1 /proc/uptime)"; done; echo end';
      const child = spawn(process.execPath, [`${top}/bin/trapgate.js`, "record", "-o", file, "--root", "/", shell, "-c", script]);
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (part: string) => {
        output += part;
        if (output.split("\n").length === 2) child.stdin.end("second\nthird\n");
      });
      child.stdin.write("first\n");
      await new Promise((done) => child.once("close", done));
      expect(output).toMatch(/^first at .*\nsecond at .*\nthird at .*\nend\n$/);
      expect(trapgate(["replay", file], { input: "other\n" })).toMatchObject({ status: 0, stdout: output });
    });
  });
  it("goes forward and backward to the same moments", async () => {
    await withData(async (folder) => {
      const { file } = record(folder, "cat /data/one /data/two | tail -n 2");
      rmSync(join(folder, "data"), { recursive: true });
      let output = "";
      const stdout = (bytes: Uint8Array): void => {
        output += new TextDecoder().decode(bytes);
      };
      const timeline = replayed(recordingOf(file), { stdout }, undefined, { every: 5 });
      expect(await timeline.run()).toBe("ended");
      const end = momentText(timeline.moment);
      const half = { instructions: Math.floor(timeline.moment.instructions / 2), steps: 0 };
      await timeline.goToStart();
      await timeline.run(half);
      const middle = momentText(timeline.moment);
      await timeline.run();
      expect(momentText(timeline.moment)).toBe(end);
      await timeline.goToStart();
      await timeline.run(half);
      expect(momentText(timeline.moment)).toBe(middle);
      expect(await timeline.run()).toBe("ended");
      expect([momentText(timeline.moment), output]).toEqual([end, "two\ntwo\n"]);
    });
  });
  it("of a recorder that was killed is that of a shorter run", async () => {
    await withData(async (folder) => {
      for (const milliseconds of [300, 600, 900]) {
        const file = join(folder, "run.rec");
        rmSync(file, { force: true });
        const script = "n=0; while :; do n=$((n+1)); echo $n; done";
        const child = spawn(process.execPath, [`${top}/bin/trapgate.js`, "record", "-o", file, "--root", "/", shell, "-c", script], {
          stdio: ["ignore", "pipe", "ignore"],
        });
        let output = "";
        child.stdout.setEncoding("utf8").on("data", (part: string) => {
          output += part;
        });
        await new Promise((done) => setTimeout(done, milliseconds));
        child.kill("SIGKILL");
        await new Promise((done) => child.once("close", done));
        if (!existsSync(file)) continue;
        const { status, stdout, stderr } = trapgate(["replay", file]);
        if (status === 125) expect(stderr).toMatch(/TG0511/);
        else {
          expect([status, stderr.replace(/\d+:\d+/, "MOMENT").replace(file, "FILE")]).toEqual([
            0,
            "trapgate: FILE: the recorder was stopped at MOMENT\n",
          ]);
          expect(output.startsWith(stdout) || stdout.startsWith(output)).toBe(true);
        }
      }
    });
  });
  it("that is damaged is a Problem, or the run that it is", async () => {
    await withData(async (folder) => {
      const { file } = record(folder, "read line; echo $line; cat /data/one | wc -l", { input: "hello\n" });
      const bytes = new Uint8Array(readFileSync(file));
      const r = new Random(1);
      for (let n = 0; n < 150; n++) {
        const damaged = bytes.slice(0, r.chance(0.3) ? r.below(bytes.length) : bytes.length);
        for (let i = r.below(4); i > 0; i--) damaged[r.below(damaged.length)] = r.below(256);
        try {
          openRecording(damaged, unpacker, () => {});
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
      }
    });
  });
  it("is refused if it is none, and takes no second one", () => {
    expect(trapgate(["replay", "README.md"])).toMatchObject({ status: 125, stderr: expect.stringMatching(/no recording.*\[TG0511\]/) });
    expect(trapgate(["replay", "a", "b"])).toMatchObject({ status: 125, stderr: expect.stringMatching(/one recording at a time/) });
    expect(trapgate(["record", shell])).toMatchObject({ status: 125, stderr: expect.stringMatching(/record into which file/) });
    expect(trapgate(["record", "-o", "/proc/none", shell]).status).toBe(125);
    expect(trapgate(["record", "--record-on-failure", "x", "-o", "y", shell]).status).toBe(125);
  });
});
