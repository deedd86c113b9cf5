// A debugger or an editor that is killed leaves no server behind, also if that runs, goes back, or goes to a
// far moment.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { hex, latin1, packet } from "../../src/debug/gdb/packet.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, gdb, missing, nativeX64, top } from "../support/host.ts";
import { tied } from "./gdb.ts";

const minutes = { timeout: 180_000 };
const built = (folder: string): string => {
  const program = `${folder}/tasks`;
  execFileSync("gcc", ["-g", "-O0", "-static", "-pthread", "-o", program, `${top}/test/debug/tasks.c`]);
  return program;
};
const until = async (isSo: () => boolean, milliseconds = 90_000): Promise<void> => {
  const end = Date.now() + milliseconds;
  while (!isSo()) {
    if (Date.now() > end) throw new Error("it takes too long");
    await new Promise((done) => setTimeout(done, 20));
  }
};
const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
const FAR = "goto 99999999999999:0";
/** How busy the server is when its peer ends. */
const works = ["rests", "runs", "goes back", "goes far"] as const;

describe.skipIf(missing("killed debuggers", nativeX64, gcc, gdb))("a server of standard streams", () => {
  it("ends when gdb is killed", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder);
      for (const work of ["goes back", "goes far"] as const) {
        const note = `${folder}/server-${work.replace(" ", "-")}`;
        const stub = `cd ${top} && echo $$ > ${note} && exec '${process.execPath}' --import tsx tools/trapgate.ts debug --listen - -- ${program} for-ever`;
        const child = spawn(...tied("gdb", ["-nx", "-q", "-iex", "set confirm off", "-iex", "set debuginfod enabled off", program]));
        let said = "";
        for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
        const say = (line: string): void => {
          said = "";
          child.stdin.write(`${line}\n`);
        };
        try {
          say(`target remote | ${stub}`);
          await until(() => said.includes("_start"));
          if (work === "goes back") {
            say("continue");
            await until(() => said.includes("Continuing"));
            await pause(1500);
            child.kill("SIGINT");
            await until(() => said.includes("received signal SIGINT"));
            say("reverse-continue");
            await until(() => said.includes("Continuing"));
          } else {
            say(`monitor ${FAR}`);
            await pause(1000);
          }
          const server = Number(readFileSync(note, "utf8"));
          expect(isAlive(server)).toBe(true);
          child.kill("SIGKILL");
          await until(() => !isAlive(server), 20_000);
        } finally {
          child.kill("SIGKILL");
        }
      }
    });
  });
});

/** A server that listens, and what it says on standard error. */
const listening = async (
  program: string,
  options: readonly string[],
): Promise<{ child: ChildProcess; port: number; errors: () => string }> => {
  const args = ["--import", "tsx", `${top}/tools/trapgate.ts`, "debug", "--listen", "127.0.0.1:0", ...options, "--", program, "for-ever"];
  const child = spawn(process.execPath, args, { cwd: top, stdio: ["pipe", "ignore", "pipe"] });
  let errors = "";
  child.stderr?.on("data", (bytes: Buffer) => (errors += bytes.toString()));
  const port = (): number => Number(/target remote 127\.0\.0\.1:(\d+)/.exec(errors)?.[1] ?? 0);
  await until(() => port() > 0);
  return { child, port: port(), errors: () => errors };
};
/** A client that does not read more than it must. */
const client = async (port: number): Promise<{ socket: Socket; send: (text: string) => void; said: () => string }> => {
  const socket = connect(port, "127.0.0.1");
  let said = "";
  socket.on("data", (bytes) => (said += bytes.toString("latin1"))).on("error", () => {});
  const send = (text: string): void => {
    said = "";
    socket.write(packet(latin1(text)));
  };
  return { socket, send, said: () => said };
};
const busy = async (work: (typeof works)[number], { socket, send, said }: Awaited<ReturnType<typeof client>>): Promise<void> => {
  send("?");
  await until(() => /\$T0[25]/.test(said()));
  if (work === "runs" || work === "goes back") {
    send("c");
    await pause(1500);
  }
  if (work === "goes back") {
    socket.write(Uint8Array.of(3));
    await until(() => said().includes("T02"));
    send("bc");
    await pause(100);
  }
  if (work === "goes far") {
    send(`qRcmd,${hex(latin1(FAR))}`);
    await pause(1000);
  }
};

describe.skipIf(missing("reset connections", nativeX64, gcc))("a server that listens", () => {
  it("ends with --once when the connection is reset, and waits for the next one without", minutes, async () => {
    await inFolder(async (folder) => {
      const program = built(folder);
      for (const work of ["runs", "goes far"] as const) {
        const { child, port, errors } = await listening(program, ["--once"]);
        try {
          const peer = await client(port);
          await busy(work, peer);
          peer.socket.resetAndDestroy();
          await until(() => child.exitCode !== null, 20_000);
          expect([child.exitCode, errors().split("\n").length]).toEqual([0, 2]);
        } finally {
          child.kill("SIGKILL");
        }
      }
      const { child, port } = await listening(program, []);
      try {
        for (const work of [...works, "rests"] as const) {
          const peer = await client(port);
          await busy(work, peer);
          peer.socket.resetAndDestroy();
          // One connection at a time: the server learns of the reset first.
          await pause(500);
        }
        const last = await client(port);
        await busy("rests", last);
        last.send("vKill;2");
        await pause(500);
        last.socket.end();
        await until(() => child.exitCode === 0, 20_000);
      } finally {
        child.kill("SIGKILL");
      }
    });
  });
});
