// Programs that choose their instructions by CPUID have the same output under every model as on this host's
// processor.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { endOfRun, inFolder, runRooted } from "../support/guest.ts";
import { debian, gcc, missing, nativeX64, top } from "../support/host.ts";
import { runNative } from "../support/native.ts";

const models = ["x86-64-v1:amd", "x86-64-v1:intel", "x86-64-v2:amd", "x86-64-v2:intel", "x86-64-v3:amd", "x86-64-v3:intel"] as const;

const oldAndNew = ["x86-64-v1:amd", "x86-64-v3:intel"] as const;

describe.skipIf(missing("a program of several versions", nativeX64, gcc))("loops of several versions, and the C library's strings", () => {
  it("come to the same under every model, by different ways", { timeout: 120_000 }, async () => {
    await inFolder(async (folder) => {
      const program = join(folder, "multiversion");
      const flags = ["-O2", "-static", "-ffp-contract=off", "-D_GNU_SOURCE"];
      execFileSync("gcc", [...flags, "-o", program, join(top, "test/programs/multiversion.c")]);
      const native = runNative(program);
      const content = readFileSync(program);
      const ways = new Set<number>();
      for (const cpu of models) {
        const run = await Machine.run("/multiversion", { files: { "/multiversion": { content, mode: 0o755 } }, cpu, timeout: 60 });
        expect([cpu, run.stdout.text, endOfRun(run)]).toEqual([cpu, native.stdout, native.end]);
        ways.add(run.stats.instructions);
      }
      expect(ways.size).toBeGreaterThanOrEqual(3);
    });
  });
});

const openssl = debian("openssl-amd64");
const KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const IV = "000102030405060708090a0b0c0d0e0f";
/** SHA, AES-NI, PCLMULQDQ, and their replacements. */
const commands: readonly (readonly string[])[] = [
  ["dgst", "-sha256", "/data"],
  ["enc", "-aes-256-cbc", "-K", KEY, "-iv", IV, "-base64", "-A", "-in", "/data"],
  ["mac", "-cipher", "aes-256-gcm", "-macopt", `hexkey:${KEY}`, "-macopt", `hexiv:${IV.slice(0, 24)}`, "-in", "/data", "GMAC"],
];
const data = Uint8Array.from({ length: 20_000 }, (_, n) => (n * n * 7 + (n >> 3)) & 0xff);

describe.skipIf(missing("openssl under every model", nativeX64, openssl))("openssl", () => {
  const library = join(openssl.path, "usr/lib/x86_64-linux-gnu");
  it.each(commands.map((c) => [c.slice(0, 3).join(" "), c] as const))(
    "%s: the same under every model",
    { timeout: 120_000 },
    async (_name, command) => {
      const native = await inFolder((folder) => {
        const file = join(folder, "data");
        execFileSync("tee", [file], { input: data, stdio: ["pipe", "ignore", "inherit"] });
        const words = command.map((w) => (w === "/data" ? file : w));
        const loader = join(library, "ld-linux-x86-64.so.2");
        const run = runNative(loader, ["--library-path", library, join(openssl.path, "usr/bin/openssl"), ...words]);
        return Promise.resolve({ ...run, stdout: run.stdout.replaceAll(file, "/data") });
      });
      expect(native.end).toBe(0);
      const ways = new Set<number>();
      for (const cpu of command[0] === "mac" ? models : oldAndNew) {
        const run = await runRooted(openssl.path, "/usr/bin/openssl", {
          args: command,
          files: { "/data": { content: data } },
          cpu,
          timeout: 60,
        });
        expect([cpu, run.stdout.text, endOfRun(run)]).toEqual([cpu, native.stdout, native.end]);
        ways.add(run.stats.instructions);
      }
      expect(ways.size).toBeGreaterThanOrEqual(2);
    },
  );
});
