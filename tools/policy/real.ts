// Filters that programs of Debian attach to themselves, read from the running processes: Chromium's sandboxes
// and sshd's.
import { spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeProgram, type Program } from "../../src/seccomp/index.ts";
import { build } from "../seccomp/judge.ts";

export interface RealFilter {
  readonly name: string;
  readonly program: Program;
}

/** Processes with filters whose command line holds a text. */
const filtered = (text: string): readonly { readonly pid: string; readonly command: string }[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(text) && /^Seccomp:\s+2/m.test(readFileSync(`/proc/${pid}/status`, "utf8")) ? [{ pid, command }] : [];
      } catch {
        return [];
      }
    });

const attached = (pid: string): readonly Program[] => {
  const { status, stdout } = spawnSync(build("test/policy/native/attached.c", "attached", []), [pid]);
  if (status !== 0) return [];
  const programs: Program[] = [];
  for (let at = 0; at < stdout.length; ) {
    const end = at + 4 + stdout.readUInt32LE(at) * 8;
    programs.push(decodeProgram(stdout.subarray(at + 4, end)));
    at = end;
  }
  return programs;
};

const wait = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));
/** Looks every now and then until processes are found. */
const until = async (text: string, seconds: number): Promise<readonly { readonly pid: string; readonly command: string }[]> => {
  for (let i = 0; i < seconds * 2; i++) {
    const found = filtered(text);
    if (found.length > 0) return found;
    await wait(500);
  }
  return [];
};

const isBelow = (pid: string, ancestor: number | undefined): boolean => {
  for (let at = Number(pid), steps = 0; at > 1 && steps < 20; steps++) {
    if (at === ancestor) return true;
    try {
      at = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${at}/status`, "utf8"))?.[1] ?? 0);
    } catch {
      return false;
    }
  }
  return false;
};

const NOBODY = 65534;
const chromium = async (): Promise<readonly RealFilter[]> => {
  if (!existsSync("/usr/bin/chromium") || process.getuid?.() !== 0) return [];
  const home = mkdtempSync(join(tmpdir(), "trapgate-chromium-"));
  chownSync(home, NOBODY, NOBODY);
  const args = ["--headless=new", "--disable-gpu", `--user-data-dir=${home}/profile`, "--remote-debugging-port=0", "about:blank"];
  const child = spawn("/usr/bin/chromium", args, {
    uid: NOBODY,
    gid: NOBODY,
    env: { HOME: home, PATH: "/usr/bin:/bin" },
    stdio: "ignore",
    detached: true,
    cwd: home,
  });
  try {
    await until(`${home}/profile`, 40);
    await wait(3000);
    const kinds = new Map<string, string>();
    for (const { pid, command } of filtered("--type=")) {
      if (!command.includes(home) && !isBelow(pid, child.pid)) continue;
      const kind = /--utility-sub-type=([\w.]+)/.exec(command)?.[1] ?? /--type=([\w-]+)/.exec(command)?.[1];
      if (kind !== undefined && !kinds.has(kind)) kinds.set(kind, pid);
    }
    return [...kinds].flatMap(([kind, pid]) =>
      attached(pid).map((program, n) => ({ name: `chromium ${kind}${n > 0 ? ` ${n}` : ""}`, program })),
    );
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    await wait(500);
    rmSync(home, { recursive: true, force: true });
  }
};

const PORT = 22_899;
/** The process that speaks with a client that has not logged in. */
const sshd = async (): Promise<readonly RealFilter[]> => {
  if (!existsSync("/usr/sbin/sshd") || process.getuid?.() !== 0) return [];
  const folder = mkdtempSync(join(tmpdir(), "trapgate-sshd-"));
  spawnSync("mkdir", ["-p", "/run/sshd"]);
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/key`]);
  const args = [
    "-D",
    "-f",
    "/dev/null",
    "-h",
    `${folder}/key`,
    "-o",
    `Port=${PORT}`,
    "-o",
    "ListenAddress=127.0.0.1",
    "-o",
    "PidFile=none",
  ];
  const child = spawn("/usr/sbin/sshd", args, { stdio: "ignore" });
  try {
    await wait(1500);
    const socket = connect(PORT, "127.0.0.1").on("error", () => {});
    socket.write("SSH-2.0-test\r\n");
    const [found] = await until("sshd", 15);
    const programs = found ? attached(found.pid) : [];
    socket.destroy();
    return programs.map((program, n) => ({ name: `sshd${n > 0 ? ` ${n}` : ""}`, program }));
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Empty if the programs are not installed, or this is not root. */
export const realFilters = async (): Promise<readonly RealFilter[]> => [...(await sshd()), ...(await chromium())];
