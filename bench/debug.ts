// `npm run bench:debug`: what a debugger's packets cost over a socket, beside gdbserver if it is there:
// single steps, stops at a breakpoint as gdb makes them (it is taken away for a step over it), and reads.
// Each figure is of two seconds, with the processor time of the server.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { latin1, PacketReader, packet, textOf } from "../src/debug/gdb/packet.ts";

const TIME = 2000;
const folder = mkdtempSync(join(tmpdir(), "trapgate-debug-"));
const program = join(folder, "debug");
const source = fileURLToPath(new URL("debug.c", import.meta.url));
const trapgate = fileURLToPath(new URL("../bin/trapgate.js", import.meta.url));
execFileSync("gcc", ["-O1", "-static", "-no-pie", "-o", program, source]);
const tick = execFileSync("nm", [program], { encoding: "utf8" })
  .split("\n")
  .find((line) => line.endsWith(" tick"))
  ?.split(" ")[0] as string;

/** Processor seconds of a process and of those that it has waited for. */
const spent = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
};
const measure = async (name: string, command: readonly string[]): Promise<void> => {
  const [file = "", ...args] = command;
  const server = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
  try {
    const port = await new Promise<number>((done, fail) => {
      let said = "";
      server.on("exit", () => fail(new Error(said)));
      server.stderr.on("data", (bytes: Buffer) => {
        said += bytes;
        const [, found] = /(?:port |:)(\d+)\n/.exec(said) ?? [];
        if (found !== undefined) done(Number(found));
      });
    });
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    const reader = new PacketReader();
    let got: (text: string) => void = () => {};
    socket.on("data", (bytes: Buffer) => {
      for (const one of reader.read(bytes)) if (typeof one === "object") got(textOf(one.data));
    });
    const ask = (text: string): Promise<string> =>
      new Promise((done) => {
        got = done;
        socket.write(packet(latin1(text)));
      });
    await ask("QStartNoAckMode");
    await ask("qSupported:multiprocess+;swbreak+;vContSupported+");
    const [, thread] = /thread:([^;]+);/.exec(await ask("?")) ?? [];
    await ask(`Z0,${tick},1`);
    await ask("vCont;c");
    const rate = async (what: string, round: () => Promise<unknown>): Promise<void> => {
      for (let i = 0; i < 200; i++) await round();
      const [begun, before] = [performance.now(), spent(server.pid as number)];
      let n = 0;
      for (; performance.now() - begun < TIME; n++) await round();
      const seconds = (performance.now() - begun) / 1000;
      const each = ((spent(server.pid as number) - before) / n) * 1e6;
      console.log(
        `${name.padEnd(10)} ${what.padEnd(12)} ${(n / seconds).toFixed(0).padStart(7)} a second, ${each.toFixed(0).padStart(5)} us of its processor each`,
      );
    };
    await rate("breakpoints", async () => {
      await ask(`z0,${tick},1`);
      await ask(`vCont;s:${thread}`);
      await ask(`Z0,${tick},1`);
      await ask("vCont;c");
    });
    await ask(`z0,${tick},1`);
    await rate("steps", () => ask(`vCont;s:${thread}`));
    await rate("registers", () => ask("g"));
    await rate("memory", () => ask(`m${tick},40`));
    socket.destroy();
  } finally {
    server.removeAllListeners("exit");
    server.kill("SIGKILL");
  }
};
try {
  console.log(`load ${loadavg()[0]?.toFixed(1)}`);
  await measure("trapgate", [process.execPath, trapgate, "debug", "--listen", "127.0.0.1:0", "--", program]);
  const theirs = "gdbserver";
  if (spawnSync(theirs, ["--version"]).status === 0) await measure(theirs, [theirs, "--once", "127.0.0.1:0", program]);
} finally {
  rmSync(folder, { recursive: true });
}
