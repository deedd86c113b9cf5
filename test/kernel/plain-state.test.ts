// The state of a machine is plain: data, instances of known classes, and constants of the program. So a copy
// is possible. Guests that use everything run. At several moments the test walks all that the kernel reaches
// (src/machine/snapshot/walk.ts).

import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { hostNetwork, hostOverlay, hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import type { BootOptions } from "../../src/machine/boot.ts";
import { Machine } from "../../src/machine/machine.ts";
import type { ProgramOptions } from "../../src/machine/options.ts";
import { Session } from "../../src/machine/session.ts";
import { handles } from "../../src/machine/snapshot/fields.ts";
import { registry } from "../../src/machine/snapshot/registry.ts";
import { type Walk, walk } from "../../src/machine/snapshot/walk.ts";
import { stateClasses } from "../../tools/state-classes.ts";
import { stateTypes } from "../../tools/state-types.ts";
import { inFolder } from "../support/guest.ts";
import { busybox, missing, type Need, nativeX64, top } from "../support/host.ts";
import { guestsFromC, nativeGuest, nativeGuests } from "../support/native-guest.ts";

/** The first moments, in nanoseconds of virtual time; later ones are further apart by this factor. */
const FIRST = 2_000;
const FACTOR = 1.7;
const MOST = 25;

/** Offences of all moments, one for each kind of path. */
class Findings {
  readonly texts = new Map<string, string>();
  walks = 0;
  readonly classes = new Set<string>();

  add({ offences, counts }: Walk): void {
    this.walks++;
    for (const name of counts.keys()) this.classes.add(name);
    for (const { path, what } of offences) {
      const kind = path.replace(/\[\d+\]|\.(?:get|has|key)\([^)]*\)/g, "[]");
      const text = `${path}: ${what}`;
      if (!this.texts.has(kind.slice(-40))) this.texts.set(kind.slice(-40), text);
    }
  }
}
const look = (machine: Machine): Walk => walk(machine.kernel, "kernel", registry());

/** Runs a guest and looks at the machine between its steps. */
const watch = (program: string, boot: BootOptions, options: ProgramOptions = {}): Findings => {
  const machine = new Machine(boot);
  const session = new Session(machine.kernel, program, options, undefined, undefined, () => {});
  const found = new Findings();
  for (let i = 0, step = FIRST; i < MOST; i++, step *= FACTOR) {
    const { reason } = session.step(step);
    found.add(look(machine));
    if (reason !== "limit") break;
  }
  return found;
};

/** Programs that use nothing that others do not, and one that is empty with 64 bits. */
const others = new Set(["sixth", "code16", "wrapped", "xstate", "exceptions", "arguments", "faults"]);
const subjects = nativeGuests.filter((name) => !others.has(name));
const python: Need = { what: "python3", met: existsSync("/usr/bin/python3") };

describe("the registry of classes", () => {
  it("is up to date (npm run state)", () => {
    expect(readFileSync(`${top}/src/machine/snapshot/classes.ts`, "utf8")).toBe(stateClasses());
  });
  it("has the types of their fields (npm run state)", () => {
    expect(readFileSync(`${top}/src/machine/snapshot/file/types.ts`, "utf8") === stateTypes()).toBe(true);
  });
});

describe.skipIf(missing("plain state of native guests", guestsFromC))("a native guest's machine is plain state:", () => {
  it.each(subjects)("%s", async (subject) => {
    const mode = subjects.indexOf(subject) % 4 === 0 ? "-m32" : "-m64";
    const here = `/${subject}`;
    const files = { [here]: { content: await nativeGuest(subject, mode), mode: 0o755 } };
    const found = watch(here, { files, engine: "interpret" });
    expect(found.walks).toBeGreaterThan(1);
    expect([...found.texts.values()]).toEqual([]);
  });
});

describe.skipIf(missing("plain state of python3", nativeX64, python))("a machine with python3", () => {
  const boot = (): BootOptions => ({ root: hostTree("/"), files: { "/state.py": readFileSync(`${top}/test/kernel/plain-state.py`) } });
  const started = (): Machine => {
    const machine = new Machine(boot());
    const session = new Session(machine.kernel, "/usr/bin/python3", { args: ["/state.py"] }, undefined, undefined, () => {});
    for (let i = 0; i < 2000 && !session.report(undefined).stdout.text.includes("ready"); i++) session.step(1_000_000);
    expect(session.report(undefined).stdout.text).toBe("ready\n");
    return machine;
  };
  it("with threads, sockets, timers and a filter is plain state, and every class has a name", () => {
    const found = new Findings();
    found.add(look(started()));
    expect([...found.texts.values()]).toEqual([]);
    const expected = [
      "kernel/net/tcp.ts:TcpSocket",
      "kernel/futex/table.ts:FutexWaiter",
      "seccomp/filter.ts:Filter",
      "kernel/fs/tty/pty.ts:Pty",
    ];
    expect([...found.classes]).toEqual(expect.arrayContaining(expected));
  });
  it("shares no object with another machine", () => {
    const first = look(started());
    const second = look(started());
    const shared = [...first.own].filter((value) => second.own.has(value));
    expect(shared.map((value) => first.pathOf(value))).toEqual([]);
  });
});

/** Busybox as a guest that writes files, keeps some open and maps one while it looks at others. */
const SCRIPT = `exec 3>/mnt/a; echo text >&3; mkdir /mnt/d; echo more > /mnt/d/b; ln -s b /mnt/d/l; mv /mnt/d/b /mnt/d/c; exec 4</mnt/d/c
cat /mnt/a /mnt/d/c; ls -lR /mnt >/dev/null; (cd /mnt/d; exec 5>e; echo x >&5; rm e; sleep 0.001); chmod 600 /mnt/a; rm /mnt/d/l; cat <&4`;
const shell = busybox("amd64");

describe.skipIf(missing("plain state with handles of the host", nativeX64, shell))(
  "a machine with handles of the host is plain state else:",
  () => {
    const moments = async (boot: (at: string) => BootOptions): Promise<Findings> => {
      let found = new Findings();
      await inFolder(async (at) => {
        mkdirSync(`${at}/root/mnt`, { recursive: true });
        writeFileSync(`${at}/root/old`, "old\n");
        const files = { "/bin/busybox": { content: readFileSync(shell.path), mode: 0o755 } };
        found = watch("/bin/busybox", { files, ...boot(at) }, { args: ["sh", "-c", SCRIPT] });
      });
      expect(found.walks).toBeGreaterThan(1);
      expect([...found.texts.values()]).toEqual([]);
      return found;
    };
    it("--mount rw", async () => {
      const found = await moments((at) => ({
        mounts: [{ at: "/mnt", tree: hostTree(`${at}/root/mnt`, { writable: true }), mode: "rw" }],
      }));
      expect([...found.classes]).toEqual(expect.arrayContaining(["kernel/fs/types/host-rw.ts:HostRwFile"]));
    });
    it("--overlay", async () => {
      const found = await moments((at) => ({ root: hostTree(`${at}/root`), overlay: hostOverlay(`${at}/changes`) }));
      expect([...found.classes]).toEqual(expect.arrayContaining(["kernel/fs/types/overlay-fs.ts:HostOverlayFs"]));
    });
    it("--net", async () => {
      const server = createServer((socket) => socket.end("from the host\n")).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const files = { "/bin/busybox": { content: readFileSync(shell.path), mode: 0o755 } };
      const machine = new Machine({ files, network: hostNetwork({ reach: "host", loopback: true, publish: [{ host: 0, guest: 7000 }] }) });
      const found = new Findings();
      const args = ["sh", "-c", `busybox nc -l -p 7000 & busybox nc 10.0.2.2 ${port}; busybox nslookup name.test 10.0.2.3; kill $!`];
      const hooks = { stdout: () => void found.add(look(machine)) };
      const done = await machine.run("/bin/busybox", { args, timeout: 50, hooks });
      server.close();
      expect(done.stdout.text).toContain("from the host");
      expect([...found.texts.values()]).toEqual([]);
      expect([...found.classes]).toEqual(expect.arrayContaining(["kernel/net/outside/uplink.ts:Uplink"]));
    });
  },
);

it("names no handle of a class that is gone", () => {
  const known = readFileSync(`${top}/src/machine/snapshot/classes.ts`, "utf8");
  expect(Object.keys(handles).filter((name) => !known.includes(`["${name}"`))).toEqual([]);
});
