// The folder of --overlay: changes of the root from run to run. The judge is a plain copy of the root,
// changed natively by the same scripts.
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { Machine } from "trapgate";
import { hostOverlay, hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { busybox, missing, type Need, top } from "../support/host.ts";

const program = busybox("amd64");
const isRoot: Need = { what: "root, for chroot(8)", met: process.getuid?.() === 0 };

/** A root with a few files of each kind. */
const rootIn = (folder: string): string => {
  const root = join(folder, "root");
  for (const name of ["", "bin", "etc", "etc/conf.d", "var", "var/log", "proc", "sys", "dev", "tmp", "home"]) mkdirSync(join(root, name));
  copyFileSync(program.path, join(root, "bin/busybox"));
  chmodSync(join(root, "bin/busybox"), 0o755);
  symlinkSync("busybox", join(root, "bin/sh"));
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\n");
  writeFileSync(join(root, "etc/big"), "0123456789abcdef".repeat(20_000));
  for (const name of ["one", "two", "three"]) writeFileSync(join(root, `etc/conf.d/${name}`), `${name}\n`);
  symlinkSync("../etc/passwd", join(root, "home/link"));
  return root;
};
const inside = async (root: string | undefined, overlay: string, script: string): Promise<string> => {
  const run = await Machine.run("/bin/busybox", {
    ...(root === undefined
      ? { files: { "/bin/busybox": { content: readFileSync(program.path), mode: 0o755 } } }
      : { root: hostTree(root) }),
    overlay: hostOverlay(overlay),
    args: ["sh", "-c", `busybox() { /bin/busybox "$@"; }; ${script}`],
    env: { PATH: "/bin" },
    timeout: 60,
  });
  expect(run.status).toEqual({ exit: 0 });
  return run.stdout.text + run.stderr.text;
};
const natively = (root: string, script: string): string =>
  execFileSync("/usr/sbin/chroot", [root, "/bin/busybox", "sh", "-c", `exec 2>&1; ${script}`], { encoding: "utf8", env: { PATH: "/bin" } });

/** The visible state of a tree: names, kinds, modes, owners, links, devices, sizes, texts and checksums. */
const look = `cd /; for top in bin etc var home new; do [ -e $top ] && find $top | sort | while read -r f; do
  if [ -d "$f" ]; then stat -c '%n %A %u %g' "$f"; else stat -c '%n %A %u %g %h %s %t %T' "$f"; fi
  if [ -L "$f" ]; then readlink "$f"; elif [ -f "$f" ]; then md5sum < "$f"; fi; done; done`;
const steps = [
  "mkdir -p /new/deep/er; echo text > /new/file; echo more >> /etc/passwd; rm /etc/conf.d/two; chmod 4711 /bin/busybox; chown 7:8 /home",
  "mv /etc/conf.d /new/moved; mkdir /etc/conf.d; echo fresh > /etc/conf.d/four; ln /new/file /new/deep/hard; mknod /new/null c 1 3; mkfifo -m 600 /new/pipe",
  // The middle of a file of the lower layer, its end, and a hole behind it.
  "printf XYZ | dd of=/etc/big bs=1 seek=100000 conv=notrunc 2>/dev/null; printf END >> /etc/big; truncate -s 500000 /etc/big",
  "truncate -s 70000 /etc/big; truncate -s 150000 /etc/big; echo x >> /new/deep/hard; rm /new/file; chown 3:4 /etc/big; ln -sf nowhere /home/link",
  "rm -r /new/moved; mv /new/deep /var; mv /var/deep/hard /etc/passwd; rmdir /var/log; mkdir /var/log; touch /var/log/a",
  "cp /bin/busybox /new/copy; mv /new/copy /bin/busybox; rm -r /etc/conf.d; mv /home /home2; mv /home2 /home; echo last > /var/deep/er/last",
];

describe.skipIf(missing("the folder of --overlay", program, isRoot))("an overlay", { timeout: 240_000 }, () => {
  it("is what a plain copy of the root is after the same scripts", () =>
    inFolder(async (folder) => {
      const root = rootIn(folder);
      const before = execFileSync("find", [root, "-printf", "%p %m %s %T@ %C@\n"], { encoding: "utf8" });
      const plain = join(folder, "plain");
      execFileSync("cp", ["-a", root, plain]);
      const overlay = join(folder, "changes");
      for (const step of steps) {
        // Inside, one run changes the folder, and a second run reads it.
        expect(await inside(root, overlay, step)).toBe(natively(plain, step));
        expect(await inside(root, overlay, look)).toBe(natively(plain, look));
      }
      expect(execFileSync("find", [root, "-printf", "%p %m %s %T@ %C@\n"], { encoding: "utf8" })).toBe(before);
      // Bytes of files that are gone are gone.
      expect(readdirSync(join(overlay, "data")).length).toBeLessThan(8);
    }));
  it("keeps an empty root, extended attributes and times", () =>
    inFolder(async (folder) => {
      const overlay = join(folder, "changes");
      await inside(undefined, overlay, "mkdir /kept; echo a > /kept/a; touch -d '2001-02-03 04:05:06' /kept/a");
      expect(await inside(undefined, overlay, "cat /kept/a; stat -c %y /kept/a")).toBe("a\n2001-02-03 04:05:06.000000000 +0000\n");
    }));
  it("belongs to one run at a time", () =>
    inFolder(async (folder) => {
      const overlay = join(folder, "changes");
      const options = ["--overlay", overlay, program.path];
      const first = spawn(process.execPath, [join(top, "bin/trapgate.js"), "run", ...options, "sh", "-c", "echo begun; read line"]);
      await new Promise((resolve) => first.stdout.once("data", resolve));
      const second = trapgate(["run", ...options, "true"]);
      expect(second).toMatchObject({ status: 125, stdout: "" });
      expect(second.stderr).toMatch(/^trapgate: --overlay: .*\/changes is in use by process \d+ \(one run at a time can change it\)/);
      first.kill("SIGKILL");
      await new Promise((resolve) => first.once("exit", resolve));
      expect(trapgate(["run", ...options, "true"])).toMatchObject({ status: 0, stderr: "" });
      expect(existsSync(join(overlay, "lock"))).toBe(false);
    }));
  it("is refused if it is damaged, and mended if only its last line is", () =>
    inFolder(async (folder) => {
      const overlay = join(folder, "changes");
      await inside(undefined, overlay, "mkdir /kept; echo a > /kept/a; echo b > /kept/b");
      const journal = join(overlay, "journal");
      const text = readFileSync(journal, "latin1");
      truncateSync(journal, text.length - 5);
      expect(await inside(undefined, overlay, "cat /kept/a")).toBe("a\n");
      for (const [damaged, line] of [
        [text.replace('"mode":', '"mood":'), 2],
        [text.replace(/^\S+ /, "00000000 "), 1],
        ["some text\n", 1],
      ] as const) {
        writeFileSync(journal, damaged);
        await expect(inside(undefined, overlay, "true")).rejects.toThrow(`is damaged at line ${line} of its journal`);
      }
    }));
  it("is read within the time and the memory of the run", { timeout: 60_000 }, () =>
    inFolder(async (folder) => {
      const overlay = join(folder, "changes");
      await inside(undefined, overlay, "mkdir /kept");
      const journal = join(overlay, "journal");
      const text = readFileSync(journal, "utf8");
      const line = (record: unknown): string => {
        const json = JSON.stringify(record);
        return `${crc32(json).toString(16).padStart(8, "0")} ${json}\n`;
      };
      const node = { mode: 0o100644, uid: 0, gid: 0, rdev: 0, times: [0, 0, 0, 0, 0, 0] };
      const many = Array.from({ length: 60_000 }, (_, i) => line({ nodes: [[i + 9, node]], names: [[1, `name${i}`, i + 9]] })).join("");
      const limits = [
        [["--memory", "16M"], 125, /the overlay is too large: it needs more than 16 MB of memory/],
        [["--memory", "1G", "--timeout", "0.05"], 124, /the overlay was not read and answered within 0.05 s/],
      ] as const;
      for (const [options, status, message] of limits) {
        writeFileSync(journal, text + many);
        const { status: end, stderr } = trapgate(["run", ...options, "--overlay", overlay, program.path, "true"]);
        expect({ end, stderr }).toEqual({ end: status, stderr: expect.stringMatching(message) });
      }
      // Names that fill the machine's memory, a bit less than the reader's.
      writeFileSync(journal, text + many.slice(0, many.length / 3));
      const full = trapgate(["run", "--memory", "17M", "--overlay", overlay, program.path, "true"]);
      expect(full.stderr).not.toMatch(/internal error/);
      // Lines with right checksums that stand for much, for no end, or for nothing.
      for (const [record, message] of [
        [{ chunks: [[5, 0, 2 ** 24]] }, /too large/],
        [{ chunks: [[5, Number.MAX_SAFE_INTEGER, 2 ** 24]] }, /too large|damaged/],
        [{ names: [[1, "x".repeat(2 ** 24), 7]] }, /damaged at line/],
        [[], /damaged at line/],
      ] as const) {
        writeFileSync(journal, text + line(record));
        const hostile = trapgate(["run", "--memory", "64M", "--timeout", "10", "--overlay", overlay, program.path, "true"]);
        expect({ status: hostile.status, stderr: hostile.stderr }).toEqual({ status: 125, stderr: expect.stringMatching(message) });
        expect(hostile.stderr).not.toMatch(/internal error/);
      }
    }),
  );
  it("does not lead out of its folder", () =>
    inFolder(async (folder) => {
      const overlay = join(folder, "changes");
      await inside(undefined, overlay, "mkdir /kept; echo a > /kept/a");
      const [file] = readdirSync(join(overlay, "data"));
      writeFileSync(join(folder, "secret"), "secret\n");
      execFileSync("ln", ["-sf", join(folder, "secret"), join(overlay, "data", file as string)]);
      expect(await inside(undefined, overlay, "cat /kept/a; echo b > /kept/a; true")).not.toMatch("secret");
      expect(readFileSync(join(folder, "secret"), "utf8")).toBe("secret\n");
    }));
  it("has all that was done before a SIGKILL, and nothing of what came after", () =>
    inFolder(async (folder) => {
      const overlay = join(folder, "changes");
      const options = ["--overlay", overlay, program.path];
      const loop =
        "i=$(cat /n 2>/dev/null || echo 0); while :; do i=$((i+1)); mkdir /d$i; echo $i > /d$i/f; mv /d$i /e$i; echo $i > /m; mv /m /n; echo $i; done";
      let last = 0;
      for (let kill = 0; kill < Number(process.env["KILLS"] ?? 5); kill++) {
        const run = spawn(process.execPath, [join(top, "bin/trapgate.js"), "run", ...options, "sh", "-c", loop]);
        let said = "";
        run.stdout.on("data", (bytes) => (said += bytes));
        await new Promise((resolve) => run.stdout.once("data", resolve));
        setTimeout(() => run.kill("SIGKILL"), 50 + ((kill * 137) % 400));
        await new Promise((resolve) => run.once("close", resolve));
        const done = Number(said.trimEnd().split("\n").at(-1));
        const { stdout } = trapgate([
          "run",
          ...options,
          "sh",
          "-c",
          "cat /n; cd /; ls -d e* | wc -l; cat e*/f | sort -n | tail -n 1; ls -d d*; cat m",
        ]);
        const [n = 0, dirs, newest] = stdout.split("\n").map(Number);
        expect(n).toBeGreaterThanOrEqual(done);
        expect(n).toBeLessThanOrEqual(done + 1);
        // The next round may have begun, each of its steps after the one before.
        expect([n, n + 1]).toContain(dirs);
        expect(newest).toBe(dirs);
        last = n;
      }
      expect(last).toBeGreaterThan(0);
    }));
});
