// All that comes from outside into a run is in its recording: terminals, signals, timers, the network,
// overlays, images, refused output. The replay has no host: it must end at the same moment, after as many
// calls, with the same output; programs print times, which differ if anything differs.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { busybox, missing, nativeX64, top } from "../support/host.ts";
import { converse, script } from "../support/terminal.ts";

const cli = `${top}/bin/trapgate.js`;
const shell = ["--root", "/", "--cwd", "/", "/bin/sh", "-c"];
const python = "/usr/bin/python3";

/** Records, with a driver that acts while the program runs. */
const recording = (file: string, args: readonly string[], drive: (child: ReturnType<typeof spawn>, output: () => string) => void) =>
  new Promise<{ readonly output: string; readonly status: number | null }>((resolve) => {
    const child = spawn(process.execPath, [cli, "record", "-o", file, ...args], { cwd: top });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      output += part;
      drive(child, () => output);
    });
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      drive(child, () => part);
    });
    drive(child, () => output);
    child.once("close", (status) => resolve({ output, status }));
  });
const replaysTo = (file: string, status: number | null, stdout: string): void =>
  expect(trapgate(["replay", file])).toEqual({ status, stdout, stderr: "" });

describe.skipIf(missing("recordings of all kinds of input", nativeX64, { what: "/bin/sh", met: existsSync("/bin/sh") }))(
  "a recording has",
  {
    timeout: 90_000,
  },
  () => {
    it("signals from outside", async () => {
      await inFolder(async (folder) => {
        const file = join(folder, "run.rec");
        const text = `trap 'read u _ < /proc/uptime; echo usr1 $u $n' USR1; trap 'echo term $n; exit 9' TERM; n=0; echo ready; while :; do n=$((n+1)); done`;
        let sent = 0;
        const { output, status } = await recording(file, [...shell, text], (child, said) => {
          const lines = said().split("\n").length - 1;
          if (lines <= sent || lines > 3) return;
          sent = lines;
          setTimeout(() => child.kill(lines === 3 ? "SIGTERM" : "SIGUSR1"), 80);
        });
        expect([output, status]).toEqual([expect.stringMatching(/^ready\nusr1 .*\nusr1 .*\nterm \d+\n$/), 9]);
        replaysTo(file, 9, output);
      });
    });
    it("input and the time that passes before it", async () => {
      await inFolder(async (folder) => {
        const file = join(folder, "run.rec");
        const text =
          "import select,time,os\nwhile True:\n  r=select.select([0],[],[],0.02)[0]\n  d=os.read(0,99) if r else None\n  print(d,time.monotonic(),flush=True)\n  if d==b'': break";
        let given = 0;
        const { output } = await recording(file, ["--root", "/", python, "-c", text], (child, said) => {
          const lines = said().split("\n").length;
          if (lines > 4 && given === 0) given = Number(child.stdin?.write("one\n"));
          if (lines > 9 && given === 1) child.stdin?.end("two\n", () => (given = 2));
        });
        expect(output).toMatch(/None [\s\S]*b'one\\n'[\s\S]*None [\s\S]*b'two\\n'[\s\S]*b''/);
        replaysTo(file, 0, output);
      });
    });
    it.skipIf(missing("recordings of terminals", script))("a terminal: keys, its size, ^C and ^Z", async () => {
      await inFolder(async (folder) => {
        const file = join(folder, "run.rec");
        const command = `stty rows 30 cols 100; ${process.execPath} ${cli} record -o ${file} --root / -- /bin/bash --norc -i`;
        const { output, status } = await converse(command, [
          { after: "# ", type: "stty size; tty\r" },
          { after: "# ", type: "sleep 100\r" },
          { after: "100", type: "\x03", pause: 300 },
          { after: "# ", type: "cat\r" },
          { after: "cat", type: "abc\r\x1a", pause: 300 },
          { after: "Stopped", type: "fg\r", pause: 100 },
          { after: "fg", type: "def\r\x04", pause: 300 },
          { after: "# ", type: `cut -d' ' -f1 /proc/uptime; exit 7\r` },
        ]);
        expect(output).toMatch(/30 100[\s\S]*\/dev\/console[\s\S]*\^C[\s\S]*abc[\s\S]*Stopped[\s\S]*def[\s\S]*\d+\.\d\d/);
        expect(status).toBe(7);
        const { status: again, stdout, stderr } = trapgate(["replay", file]);
        expect([again, stderr]).toEqual([7, ""]);
        expect(stdout.replaceAll("\r", "").trimEnd()).toBe(output.replaceAll("\r", "").trimEnd());
        // The same backward: a debugger begins at the end, and goes back to the start.
        const debugged = spawnSync(
          "gdb",
          [
            "-nx",
            "-batch",
            "-ex",
            `target remote | ${cli} debug --at-end --listen - ${file}`,
            "-ex",
            "reverse-stepi",
            "-ex",
            "monitor goto 5000:0",
            "-ex",
            "monitor when",
          ],
          { encoding: "utf8", timeout: 60_000 },
        );
        if (!debugged.error) expect(debugged.stdout + debugged.stderr).toMatch(/^5000:0 \(/m);
      });
    });
    it("connections to the host, both refused and open, and published ports", async () => {
      await inFolder(async (folder) => {
        const file = join(folder, "run.rec");
        const server = createServer((socket) => socket.on("data", (bytes) => setTimeout(() => socket.write(`${bytes}`.repeat(500)), 20)));
        await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
        const { port } = server.address() as { port: number };
        const text = `
import socket,time
s=socket.create_connection(("10.0.2.2",${port}))
for i in range(4):
    s.sendall(b"line %d\\n"%i); print(len(s.recv(65536)), time.monotonic(), flush=True)
try: socket.create_connection(("10.0.2.2",1),timeout=2)
except OSError as e: print(e.errno)
l=socket.socket(); l.bind(("",80)); l.listen(); print("listening", flush=True)
c,a=l.accept(); print(c.recv(100)); c.sendall(b"x"*300000); c.shutdown(1); print(c.recv(100), time.monotonic())
u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); u.settimeout(0.2)
try: u.sendto(b"q",("10.0.2.3",53)); print(len(u.recv(512)))
except OSError as e: print(type(e).__name__)
`;
        let client: Socket | undefined;
        let outside = 0;
        let errors = "";
        const args = ["--net", "host,loopback", "--dns", "127.0.0.1:1", "--publish", "0:80", "--root", "/", python, "-c", text];
        const { output, status } = await recording(file, args, (_, said) => {
          errors += /port \d+ of 127.0.0.1 is port/.exec(said())?.[0] ?? "";
          const [, published] = /port (\d+) of/.exec(errors) ?? [];
          if (client || !published || !said().includes("listening")) return;
          client = spawnClient(Number(published), (n) => (outside += n));
        });
        server.close();
        expect(output).toMatch(/^(?:\d+ [\d.]+\n){4}111\nlistening\nb'hello'\nb'' [\d.]+\n/);
        expect([status, outside]).toEqual([0, 300_000]);
        replaysTo(file, 0, output);
      });
    });
    it("an overlay, as it was before and after", async () => {
      await inFolder(async (folder) => {
        const text = "cat /k 2>/dev/null; echo more >> /k; mv /k /k2; ln -s k2 /l; rm /l; mv /k2 /k; ls -l --time-style=+ /k";
        const runs = ["a", "b"].map((name) => {
          const file = join(folder, `${name}.rec`);
          return { file, run: trapgate(["record", "-o", file, "--overlay", join(folder, "changes"), ...shell, text]) };
        });
        renameSync(join(folder, "changes"), join(folder, "gone"));
        expect(runs[1]?.run.stdout).toMatch(/^more\n.* 10 /);
        for (const { file, run } of runs) expect(trapgate(["replay", file])).toEqual(run);
        expect(existsSync(join(folder, "changes"))).toBe(false);
      });
    });
    const box = busybox("amd64");
    it.skipIf(missing("a recording of an image", box))("an image", async () => {
      await inFolder(async (folder) => {
        mkdirSync(join(folder, "root", "bin"), { recursive: true });
        writeFileSync(join(folder, "root", "bin", "sh"), readFileSync(box.path), { mode: 0o755 });
        const image = join(folder, "image.tar");
        spawnSync("tar", ["cf", image, "-C", join(folder, "root"), "."]);
        const file = join(folder, "run.rec");
        const run = trapgate(["record", "-o", file, "--image", image, "/bin/sh", "-c", "echo /bin/*; exit 5"]);
        rmSync(image);
        expect(run).toEqual({ status: 5, stdout: "/bin/sh\n", stderr: "" });
        expect(trapgate(["replay", file])).toEqual(run);
      });
    });
    it("a reader that has gone, a limit of time, and a file as input", async () => {
      await inFolder(async (folder) => {
        const file = join(folder, "run.rec");
        const sh = (line: string): string => spawnSync("/bin/sh", ["-c", line], { encoding: "utf8", cwd: folder }).stderr;
        const record = `${process.execPath} ${cli} record -o ${file} ${shell.slice(0, 6).join(" ")}`;
        expect(sh(`${record} 'seq 1 100000; echo ended $? >&2' | head -n 1`)).toBe("ended 141\n");
        expect(trapgate(["replay", file])).toMatchObject({ status: 0, stderr: "ended 141\n" });
        const limited = trapgate(["record", "-o", file, "--timeout", "5", ...shell, "echo begun; while :; do :; done"]);
        expect(limited).toMatchObject({ status: 124, stdout: "begun\n" });
        expect(trapgate(["replay", file])).toMatchObject({
          status: 124,
          stdout: "begun\n",
          stderr: expect.stringMatching(/given up at \d+:/),
        });
        writeFileSync(join(folder, "in"), "x\n".repeat(5000));
        sh(`${record} 'wc -l; exit 6' < in > out`);
        rmSync(join(folder, "in"));
        replaysTo(file, 6, readFileSync(join(folder, "out"), "utf8"));
        expect(readFileSync(join(folder, "out"), "utf8")).toBe("5000\n");
      });
    });
  },
);

/** Reads all that the port sends; counts its bytes. */
const spawnClient = (port: number, got: (bytes: number) => void): Socket => {
  const { connect } = process.getBuiltinModule("node:net");
  const socket = connect(port, "127.0.0.1", () => socket.write("hello"));
  socket.on("data", (bytes) => got(bytes.length)).on("end", () => socket.end());
  return socket;
};

describe.skipIf(missing("recordings of runs for CI", nativeX64))("run --record-on-failure", { timeout: 60_000 }, () => {
  it("keeps the recording of a run that fails, and of no other one", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "run.rec");
      const run = (status: number) => trapgate(["run", "--record-on-failure", file, ...shell, `echo out; exit ${status}`]);
      expect(run(0)).toEqual({ status: 0, stdout: "out\n", stderr: "" });
      expect(existsSync(file)).toBe(false);
      expect(run(4)).toEqual({ status: 4, stdout: "out\n", stderr: `trapgate: the run is recorded: trapgate debug ${file}\n` });
      expect(trapgate(["replay", file])).toEqual({ status: 4, stdout: "out\n", stderr: "" });
      rmSync(file);
      for (const root of [[], ["--root", "/"]])
        expect(trapgate(["run", "--record-on-failure", file, ...root, "/nothing"]).status).toBe(127);
      expect(existsSync(file)).toBe(false);
    });
  });
});
describe.skipIf(missing("commands on recordings", nativeX64))("a recording in place of a program", { timeout: 60_000 }, () => {
  it("is traced as the program was", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "run.rec");
      const args = ["--clock", "2025-01-01", ...shell, "echo a | cat; cat /none"];
      trapgate(["record", "-o", file, ...args]);
      const lines = (...of: string[]) => {
        trapgate(["trace", "-f", "-o", join(folder, "lines"), ...of]);
        return readFileSync(join(folder, "lines"), "utf8");
      };
      expect(lines(file)).toBe(lines(...args));
      expect(trapgate(["trace", "--root", "/", file])).toMatchObject({
        status: 125,
        stderr: expect.stringMatching(/--root.*is a recording/),
      });
    });
  });
  it("gives the calls for the coverage of a policy", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "run.rec");
      const policy = join(folder, "policy");
      writeFileSync(policy, "A = sys_number\nA == getppid ? e : ok\nok: return ALLOW\ne: return ERRNO(1)\n");
      trapgate(["record", "-o", file, ...shell, "echo $PPID"]);
      const { status, stderr } = trapgate(["seccomp", "coverage", "--policy", policy, file]);
      expect([status, stderr]).toEqual([0, expect.stringMatching(/100 %|4 of 4|ERRNO/)]);
    });
  });
});
