// The tests' needs beside Node.js: programs of the host, packages of Debian. A test with a missing need is
// skipped with a message; with CI=true it fails instead. A processor or kernel is no need: recorded results
// judge where it cannot (tools/oracle/processor.ts, native.ts).
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { arch, platform } from "node:os";
import { fileURLToPath } from "node:url";
import type { PackageSetName } from "../../tools/debian/packages.ts";

export const top = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** A need of a test: its name, and its presence. */
export interface Need {
  readonly what: string;
  readonly met: boolean;
}

const runs = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: "ignore" }).status === 0;
const program = (name: string, ...args: string[]): Need => ({ what: name, met: runs(name, ...args) });
const dir = (set: PackageSetName): string => `${top}/.cache/debian/${set}`;

/** The folder of a package set that `npm run setup` has unpacked. */
export const debian = (set: PackageSetName): Need & { readonly path: string } => ({
  what: `Debian's ${set} (npm run setup)`,
  met: existsSync(`${dir(set)}.stamp`),
  path: dir(set),
});

/** busybox-static of an architecture: one program, wherever the release keeps it. */
export const busybox = (architecture: "amd64" | "i386"): Need & { readonly path: string } => {
  const set = debian(`busybox-${architecture}`);
  const places = [`${set.path}/usr/bin/busybox`, `${set.path}/bin/busybox`];
  return { ...set, path: places.find((p) => existsSync(p)) ?? (places[0] as string) };
};

/** The processor and kernel under us can judge: an x86-64 Linux. */
export const nativeX64: Need = { what: "an x86-64 Linux host", met: platform() === "linux" && arch() === "x64" };
export const gcc: Need = program("gcc", "--version");
export const gcc32: Need = {
  what: "gcc -m32 (gcc-multilib)",
  met: runs("sh", "-c", "echo 'int main(void){return 0;}' | gcc -m32 -static -x c -o /dev/null -"),
};
export const gccX32: Need = {
  what: "gcc -mx32 (gcc-multilib, libc6-dev-x32)",
  met: runs("sh", "-c", "echo 'int main(void){return 0;}' | gcc -mx32 -static -x c -o /dev/null -"),
};
export const nasm: Need = program("nasm", "--version");
export const gdb: Need = program("gdb", "--version");
export const lldb: Need = program("lldb", "--version");
export const strace: Need = program("strace", "-V");
export const objdump: Need = program("objdump", "--version");

/** `describe.skipIf(missing("busybox", need, …))`: true when tests must be skipped. */
export const missing = (tests: string, ...needs: readonly Need[]): boolean => {
  const lacking = needs.filter((n) => !n.met).map((n) => n.what);
  if (lacking.length === 0) return false;
  const message = `SKIPPED: ${tests}: needs ${lacking.join(" and ")}`;
  if (process.env["CI"]) throw new Error(message);
  console.warn(message);
  return true;
};
