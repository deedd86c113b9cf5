// The recorder and the debugger are killed (SIGKILL) at random moments. A recorder leaves the recording of a
// shorter run; a debugger leaves the file as it was. `KILLS=200 npx vitest run test/recording/kill.test.ts`.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { latin1, packet } from "../../src/debug/gdb/packet.ts";
import { Random } from "../../tools/oracle/random.ts";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { missing, nativeX64, top } from "../support/host.ts";

const KILLS = Number(process.env["KILLS"] ?? 6);
const shell = "/bin/sh";
/** Milliseconds within which a process is killed. */
const WITHIN = 500;

const start = (...args: readonly string[]): ChildProcess =>
  spawn(process.execPath, [`${top}/bin/trapgate.js`, ...args], { stdio: ["ignore", "pipe", "pipe"] });
const kill = async (child: ChildProcess): Promise<void> => {
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
};

describe.skipIf(missing("killed recorders", nativeX64, { what: shell, met: existsSync(shell) }))(
  "kill -9",
  {
    timeout: 60_000 + KILLS * 20_000,
  },
  () => {
    it(`of a recorder, ${KILLS} times, leaves the recording of a shorter run`, async () => {
      await inFolder(async (folder) => {
        const r = new Random(Number(process.env["SEED"] ?? 1));
        const file = join(folder, "run.rec");
        writeFileSync(join(folder, "data"), "line\n".repeat(2000));
        const script = "n=0; while :; do n=$((n+1)); echo $n; [ $((n % 500)) = 0 ] && cat /data/data | wc -c; done";
        const mount = ["--mount", `${folder}:/data`];
        let moments = 0;
        for (let n = 0; n < KILLS; n++) {
          rmSync(file, { force: true });
          const child = start("record", "-o", file, "--root", "/", ...mount, "--cwd", "/", shell, "-c", script);
          let output = "";
          child.stdout?.setEncoding("utf8").on("data", (part: string) => (output += part));
          // Some before the first output, some soon after it: large frames are still being deflated then.
          const length = r.chance(0.7) ? 12_000 + r.below(12_000) : r.chance(0.5) ? r.below(6000) : -1;
          while (output.length <= length) await once(child.stdout as NodeJS.ReadableStream, "data");
          await after(r.below(WITHIN));
          await kill(child);
          const { status, stdout, stderr } = trapgate(["replay", file]);
          if (output === "" && status === 125) {
            expect(stderr).toMatch(/TG0511|TG0901/);
            continue;
          }
          expect([status, stderr.replace(/\d+:\d+/, "MOMENT")]).toEqual([0, `trapgate: ${file}: the recorder was stopped at MOMENT\n`]);
          // The last frame may be missing, so the output that came is the longer one, or equal.
          expect(output.startsWith(stdout) || stdout.startsWith(output)).toBe(true);
          moments += Number(stdout.length > 0);
        }
        expect(moments).toBeGreaterThan(KILLS / 3);
      });
    });
    it(`of a debugger, ${Math.ceil(KILLS / 2)} times, leaves the recording as it was`, async () => {
      await inFolder(async (folder) => {
        const r = new Random(2);
        const file = join(folder, "run.rec");
        const run = trapgate([
          "record",
          "-o",
          file,
          "--root",
          "/",
          shell,
          "-c",
          "n=0; while [ $n -lt 3000 ]; do n=$((n+1)); done; echo $n",
        ]);
        const before = readFileSync(file);
        for (let n = 0; n < Math.ceil(KILLS / 2); n++) {
          const child = start("debug", "--listen", "127.0.0.1:0", file);
          let said = "";
          child.stderr?.setEncoding("utf8").on("data", (part: string) => (said += part));
          while (!/127\.0\.0\.1:\d+/.test(said)) await once(child.stderr as NodeJS.ReadableStream, "data");
          const socket = connect(Number(/127\.0\.0\.1:(\d+)/.exec(said)?.[1]), "127.0.0.1");
          socket.on("error", () => {});
          await once(socket, "connect");
          for (const text of ["QStartNoAckMode", "Z0,0,1", "vCont;s", "c", "bs", "bc", "c"]) socket.write(packet(latin1(text)));
          await after(r.below(WITHIN * 2));
          await kill(child);
          socket.destroy();
        }
        expect(readFileSync(file).equals(before)).toBe(true);
        expect(trapgate(["replay", file])).toEqual(run);
      });
    });
  },
);
