// gdb's extended-remote session: it starts programs, and goes on after their ends. gdb/remote.c,
// gdbserver/server.cc; gdb's gdb.server/ext-run.exp, ext-restart.exp, server-mon.exp and file-transfer.exp.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { connect as connectTo } from "node:net";
import { describe, expect, it } from "vitest";
import { Debugger } from "../../src/debug/debugger.ts";
import { hex, latin1, packet, textOf, unhex } from "../../src/debug/gdb/packet.ts";
import type { WantedProgram } from "../../src/debug/gdb/programs.ts";
import { addressText, listenOn } from "../../src/host/debug-socket.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import { inFolder } from "../support/guest.ts";
import { missing, nativeX64, top } from "../support/host.ts";
import { serve } from "./serve.ts";

const file = readFileSync(`${top}/guest/bin/a1`);
const text = (words: string): string => hex(latin1(words));

/** A server without a program, what it has started, and its log. */
const connect = () => {
  const debug = new Debugger();
  const started: WantedProgram[] = [];
  const log: string[] = [];
  const ends: string[] = [];
  const { server, ask, replies } = serve(debug, async (wanted) => {
    started.push({ ...wanted, env: new Map(wanted.env) });
    return new Timeline(new Machine(), file, { stdin: "", args: wanted.args ?? [] });
  });
  server.onEnd = (how) => void ends.push(how);
  server.onLog = (line) => void log.push(line);
  /** What a monitor command prints. */
  const command = async (words: string): Promise<string> => {
    const last = await ask(`qRcmd,${text(words)}`);
    const first = replies[0] ?? "";
    return textOf(unhex(first.startsWith("O") && first !== "OK" ? first.slice(1) : (last ?? "")) ?? new Uint8Array());
  };
  return { ask, command, started, log, ends, debug };
};

describe("an extended session", () => {
  it("begins without a program, and starts those that gdb names", async () => {
    const { ask, started, ends, debug } = connect();
    expect(await ask("qSupported:multiprocess+")).toContain("QEnvironmentHexEncoded+");
    expect(await ask("!")).toBe("OK");
    expect(await ask("?")).toBe("W00");
    expect(await ask("m400000,4")).toBe("E16");
    expect(await ask("qfThreadInfo")).toBe("l");
    await ask(`QEnvironmentHexEncoded:${text("TEST=1=2")}`);
    await ask(`QEnvironmentUnset:${text("HOME")}`);
    await ask(`QSetWorkingDir:${text("/tmp")}`);
    expect(await ask(`vRun;${text("/a")};${text("one two")};`)).toMatch(/^T05thread:p2\.2;/);
    expect(started[0]).toEqual({
      path: "/a",
      args: ["one two", ""],
      env: new Map<string, string | undefined>([
        ["TEST", "1=2"],
        ["HOME", undefined],
      ]),
      cwd: "/tmp",
    });
    expect(await ask(`qXfer:osdata:read:processes:0,1000`)).toContain('<column name="pid">2</column><column name="user">root</column>');
    expect(await ask("vKill;2")).toBe("OK");
    expect([await ask("?"), debug.hasProgram, ends]).toEqual(["W00", false, []]);
    await ask("R00");
    expect(started[1]?.path).toBe("");
    expect(await ask("vCont;c")).toMatch(/^W/);
    expect(await ask("vRun;zz")).toBe("E16");
    expect(await ask("vRun;")).toMatch(/^T05/);
    await ask(`qRcmd,${text("exit")}`);
    expect(ends).toEqual(["kill"]);
  });
  it("keeps what gdb wants of all programs", async () => {
    const { ask, debug } = connect();
    await ask("qSupported:fork-events+");
    await ask("!");
    await ask("QPassSignals:e");
    expect(await ask("vRun;")).toMatch(/^T05/);
    expect(debug.events.fork).toBe(true);
    const stepped = await ask("vCont;s:p2.2");
    const [, rip = ""] = /;10:([0-9a-f]{16});/.exec(stepped ?? "") ?? [];
    const address = [...(unhex(rip) ?? [])].reduceRight((sum, byte) => sum * 256 + byte, 0).toString(16);
    await ask("vRun;");
    expect(await ask(`Z0,${address},1`)).toBe("OK");
    expect(await ask("vCont;c")).toMatch(/^T05/);
    // A breakpoint of the last program is none of this one.
    await ask("vRun;");
    expect(await ask("vCont;c")).toMatch(/^W/);
  });
});

describe("files of the guest", () => {
  it("are written and removed by gdb, and the run keeps it", async () => {
    const { ask, debug } = connect();
    await ask("vRun;");
    const name = text("/tmp/up");
    expect(await ask(`vFile:open:${name},0,0`)).toBe("F-1,2");
    expect(await ask(`vFile:open:${name},601,1c0`)).toBe("F3");
    expect(await ask("vFile:pwrite:3,0,hello")).toBe("F5");
    expect(await ask("vFile:pwrite:3,4,,;y")).toBe("F3");
    expect(await ask("vFile:pread:3,10,0")).toBe("F-1,9");
    expect(await ask("vFile:close:3")).toBe("F0");
    const there = async (): Promise<readonly unknown[]> => [
      await ask(`vFile:open:${name},0,0`),
      await ask("vFile:pread:3,10,0"),
      await ask("vFile:close:3"),
    ];
    expect(await there()).toEqual(["F3", "F7;hell,;y", "F0"]);
    await ask("vCont;s:2");
    await debug.restart();
    expect(await there()).toEqual(["F3", "F7;hell,;y", "F0"]);
    expect(await ask(`vFile:open:${text("/none/up")},601,1c0`)).toBe("F-1,2");
    expect(await ask(`vFile:open:${name},10000,0`)).toBe("F-1,16");
    expect(await ask(`vFile:unlink:${name}`)).toBe("F0");
    expect(await ask(`vFile:open:${name},0,0`)).toBe("F-1,2");
  });
});

describe("monitor", () => {
  it("knows gdbserver's settings, and says what is wrong", async () => {
    const { command, ask, log } = connect();
    expect(await command("help")).toMatch(/^The following monitor commands are supported:/);
    expect(await command("nonsense")).toMatch(/^Unknown monitor command\./);
    expect(await ask(`qRcmd,${text("nonsense")}`)).toBe("E16");
    expect(await command("set debug yeah")).toMatch(/^Missing value for 'set debug yeah' command\.\nThe following/);
    expect(await command("set debug all on sometimes")).toMatch(/^Junk 'sometimes' found at end of 'set debug all on' command\./);
    expect(await command("set debug remote on")).toBe("Debug output for 'remote' enabled.\n");
    await ask("qC");
    expect(log.slice(-2)).toEqual(["[remote] got: qC\n", "[remote] sent: E03\n"]);
    expect(await command("set debug off")).toBe("All debug output disabled.\n");
    log.length = 0;
    await ask("qC");
    expect(log).toEqual([]);
  });
});

describe("the address", () => {
  it("is that of the family which its form names", async () => {
    const accept = () => ({ receive: () => {}, closed: () => {} });
    const listening = await listenOn({ host: "localhost", port: 0, family: 4 }, accept);
    expect(addressText(listening.address)).toMatch(/^127\.0\.0\.1:\d+$/);
    listening.close();
    await expect(listenOn({ host: "no-such-host.invalid", port: 0, family: 4 }, accept)).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  });
  it("is a file of a socket, which goes when the server does", async () => {
    await inFolder(async (folder) => {
      const path = `${folder}/socket`;
      const echo = await listenOn({ path }, ({ send, end }) => ({
        receive: (bytes) => {
          send(bytes);
          end();
        },
        closed: () => echo.close(),
      }));
      expect(addressText(echo.address)).toBe(path);
      const client = connectTo(path);
      client.write("packet");
      const said: Buffer[] = [];
      client.on("data", (bytes: Buffer) => void said.push(bytes));
      await new Promise((done) => client.once("close", done));
      expect(Buffer.concat(said).toString()).toBe("packet");
      await expect.poll(() => existsSync(path)).toBe(false);
    });
  });
});

describe.skipIf(missing("a detach from the command line", nativeX64))("the command", () => {
  it.each(["a port", "a file"])("with --once runs a program on that gdb has let go, over %s", { timeout: 60_000 }, async (kind) => {
    await inFolder(async (folder) => {
      const path = `${folder}/socket`;
      const words = ["debug", "--once", "--listen", kind === "a file" ? `unix:${path}` : "127.0.0.1:0", "--root", "/", "--", "/bin/sh"];
      const script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo after";
      const child = spawn(process.execPath, [`${top}/bin/trapgate.js`, ...words, "-c", script]);
      let said = "";
      child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
      const address = await new Promise<string>((done) => {
        child.stderr.on("data", (bytes: Buffer) => {
          const [, where] = /target remote (.*)\n/.exec(bytes.toString()) ?? [];
          if (where !== undefined) done(where);
        });
      });
      const [, port] = /:(\d+)$/.exec(address) ?? [];
      const socket = port === undefined ? connectTo(path) : connectTo(Number(port), "127.0.0.1");
      socket.write(packet(latin1("D")));
      socket.on("data", () => socket.destroy());
      const code = await new Promise((done) => child.once("close", done));
      expect([said, code, existsSync(path)]).toEqual(["after\n", 0, false]);
    });
  });
});
