// The programs of test/kernel/native: from gcc where the host has one for both ABIs, else those that are
// built in the repository (test/kernel/native/built.zip, `npm run guests:native`).
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { inFolder } from "./guest.ts";
import { gcc32, type Need, top } from "./host.ts";

const folder = join(top, "test/kernel/native");
/** The archive: NAME.64, NAME.32, and `sources`, the digest of what they were built from. */
export const archive = join(folder, "built.zip");
/** The kind of program, as an option of gcc. */
export type Mode = "-m64" | "-m32";

// biome-ignore format: table
const FLAGS = [
  "-O1", "-static", "-nostdlib", "-fno-pie", "-no-pie", "-fno-stack-protector", "-mgeneral-regs-only", "-fno-asynchronous-unwind-tables",
];

/** The programs by name. */
export const nativeGuests: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith(".c"))
  .map((name) => name.slice(0, -2));

/** A digest of all sources, in hex. */
export const sourcesDigest = (): string => {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder)
    .filter((name) => /\.[ch]$/.test(name))
    .sort())
    hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  return hash.digest("hex");
};

/** Builds a program with gcc. Throws if it does not compile: a few have nothing for 32 bits. */
export const buildNativeGuest = (name: string, mode: Mode, into: string, ...options: readonly string[]): void => {
  execFileSync("gcc", [mode, ...FLAGS, ...options, "-o", into, join(folder, `${name}.c`)], { stdio: ["ignore", "ignore", "pipe"] });
};

let built: Readonly<Record<string, Uint8Array>> | undefined;
const fromArchive = (name: string, mode: Mode): Uint8Array => {
  built ??= unzipSync(readFileSync(archive));
  const program = built[`${name}.${mode.slice(2)}`];
  if (!program) throw new Error(`${archive} has no ${name} for ${mode}: npm run guests:native`);
  return program;
};
/** The bytes of a program. */
export const nativeGuest = (name: string, mode: Mode): Promise<Uint8Array> =>
  gcc32.met
    ? inFolder(async (at) => {
        buildNativeGuest(name, mode, join(at, name));
        return readFileSync(join(at, name));
      })
    : Promise.resolve(fromArchive(name, mode));

/** The digest in the archive. */
export const archivedDigest = (): string => new TextDecoder().decode(unzipSync(readFileSync(archive))["sources"]);
/** A compiler for both ABIs, or an archive that was built from these sources. */
export const guestsFromC: Need = {
  what: "gcc -m32 (gcc-multilib) or a current test/kernel/native/built.zip",
  met: gcc32.met || (existsSync(archive) && archivedDigest() === sourcesDigest()),
};
