// Guests from C: compiled by the host's compiler when a test asks for them, and kept by their content.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Problem } from "../problem.ts";
import { aText, check, listOf, oneOf, optional, optionsOf } from "../wants.ts";

/** Options of `guest`. */
export interface GuestOptions {
  /** The ABI. Default x64. i386 needs gcc-multilib on Debian. */
  readonly abi?: "x64" | "i386" | "x32";
  /** More arguments for the compiler, such as `["-lseccomp"]`. */
  readonly flags?: readonly string[];
  /** The compiler. Default: the variable CC, else `cc`. */
  readonly compiler?: string;
  /** Where programs are kept. Default: `trapgate/guests` in XDG_CACHE_HOME or ~/.cache. */
  readonly cache?: string;
}

const widths = { x64: "-m64", i386: "-m32", x32: "-mx32" } as const;
const someOptions = optionsOf<GuestOptions>({
  abi: optional(oneOf(Object.keys(widths))),
  flags: optional(listOf(aText)),
  compiler: optional(aText),
  cache: optional(aText),
});

/** The folder of the file that called: the first line of the stack outside of this one. */
const callersFolder = (): string => {
  const own = fileURLToPath(import.meta.url);
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  const paths = lines.map((line) => /(?:file:\/\/)?(\/[^():]+|[A-Z]:[^():]+):\d+:\d+\)?$/.exec(line)?.[1]);
  const path = paths.find((each) => each !== undefined && each !== own && !each.includes("node:"));
  return path === undefined ? process.cwd() : dirname(path);
};

let forThisProcess: string | undefined;
/** A user without a home, for whom homedir throws, has no folder that lasts. */
const programs = (): string => {
  try {
    return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "trapgate", "guests");
  } catch {
    return (forThisProcess ??= mkdtempSync(join(tmpdir(), "trapgate-")));
  }
};

/** Runs the compiler; its output. */
const compile = (compiler: string, args: readonly string[], file: string): string => {
  const { status, stdout, stderr, error } = spawnSync(compiler, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (error)
    throw new Problem("not-compiled", `${file}: the compiler ${compiler} cannot be run: ${error.message}`, {
      help: "install one, or name it by the option compiler or the variable CC",
      cause: error,
    });
  if (status !== 0) throw new Problem("not-compiled", `${file} does not compile:\n${stderr.trimEnd()}`);
  return stdout;
};

/**
 * Compiles a C file to a static program and returns its bytes. The file is relative to the calling file. A
 * program is kept by the content of the file with all headers, the arguments and the compiler's version, so a
 * second call costs a preprocessor run.
 *
 * vitest runs tests again when a guest changes if its configuration has `forceRerunTriggers: ["**\/*.c"]`.
 *
 * @throws {Problem} There is no compiler, or the file does not compile.
 *
 * @example
 * const run = await Machine.run(guest("./probe.c", { abi: "i386" }), { trace: true });
 */
export const guest = (file: string, options: GuestOptions = {}): Uint8Array => {
  check("guest", { file: aText, options: someOptions }, [file, options]);
  const { abi = "x64", flags = [], compiler = process.env["CC"] ?? "cc", cache } = options;
  const path = isAbsolute(file) ? file : resolve(callersFolder(), file);
  if (!existsSync(path)) throw new Problem("cannot-read", `guest: there is no file ${path}`);
  const folder = cache ?? programs();
  const first = [widths[abi], "-O1", "-static"];
  const source = compile(compiler, [...first, "-E", path, ...flags.filter((flag) => !flag.startsWith("-l"))], file);
  const parts = [compile(compiler, ["--version"], file), JSON.stringify([...first, ...flags]), source];
  const name = join(folder, createHash("sha256").update(parts.join("\0")).digest("hex"));
  if (!existsSync(name)) {
    mkdirSync(folder, { recursive: true });
    const made = `${name}.${process.pid}`;
    try {
      compile(compiler, [...first, "-o", made, path, ...flags], file);
      renameSync(made, name);
    } finally {
      rmSync(made, { force: true });
    }
  }
  return new Uint8Array(readFileSync(name));
};
