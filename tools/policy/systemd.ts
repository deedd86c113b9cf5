// Asks the host's systemd for the filters that it makes of SystemCallFilter= and its relatives:
// test/policy/native/systemd.c, watched by test/policy/native/dump.c.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeProgram, type Program } from "../../src/seccomp/index.ts";
import { build } from "../seccomp/judge.ts";

const folders = ["/usr/lib/x86_64-linux-gnu/systemd", "/usr/lib/systemd", "/usr/lib64/systemd"];
const libraryIn = (folder: string): string | undefined => {
  try {
    const name = readdirSync(folder).find((file) => /^libsystemd-core-257.*\.so$/.test(file));
    return name === undefined ? undefined : join(folder, name);
  } catch {
    return undefined;
  }
};
/** Version 257 of its library, if the host has it. */
export const systemdLibrary: string | undefined = folders.map(libraryIn).find((path) => path !== undefined);

/** In the order of attaching; the status with which the judge ends where systemd would not start the unit. */
export const systemdFilters = (lines: string): readonly Program[] | number => {
  const [dump, judge] = [
    build("test/policy/native/dump.c", "policy-dump", []),
    build("test/policy/native/systemd.c", "policy-systemd", [], "dynamic"),
  ];
  const folder = mkdtempSync(join(tmpdir(), "trapgate-"));
  try {
    const [unit, out] = [join(folder, "unit"), join(folder, "filters")];
    writeFileSync(unit, lines);
    const { status } = spawnSync(dump, [out, "64", judge, systemdLibrary as string, unit], { timeout: 20_000, killSignal: "SIGKILL" });
    // By a signal: the judge's own filters end it, after all of them are attached.
    if (status !== null && status > 0 && status < 128) return status;
    const bytes = readFileSync(out);
    const programs: Program[] = [];
    for (let at = 0; at + 4 <= bytes.length; ) {
      const count = bytes.readUInt32LE(at);
      programs.push(decodeProgram(bytes.subarray(at + 4, at + 4 + count * 8)));
      at += 4 + count * 8;
    }
    return programs;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
