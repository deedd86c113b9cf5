// Asks Debian's libseccomp for filters: test/policy/native/libseccomp.c, linked to the library that `npm run
// setup` fetches.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Entry } from "../../src/policy/meaning.ts";
import { decodeProgram, type Program } from "../../src/seccomp/index.ts";
import { build } from "../seccomp/judge.ts";

const root = fileURLToPath(new URL("../../.cache/debian/libseccomp-amd64/usr", import.meta.url));
/** Whether the library is there. */
export const haveLibseccomp = existsSync(`${root}/include/seccomp.h`);

export interface Request {
  readonly defaultAction: number;
  /** As seccomp_arch_resolve_name(3) knows them. */
  readonly architectures: readonly string[];
  readonly entries: readonly Entry[];
  /** SCMP_FLTATR_CTL_OPTIMIZE: 1 linear, 2 a binary tree. */
  readonly optimize: 1 | 2;
}

const lines = ({ defaultAction, architectures, entries, optimize }: Request): string[] => [
  `filter ${defaultAction} ${optimize}`,
  ...architectures.map((name) => `arch ${name}`),
  ...entries.map(({ name, action, args }) =>
    ["rule", action, name, ...args.flatMap(({ index, op, value, valueTwo }) => [index, op, value, valueTwo])].join(" "),
  ),
  "end",
];

/** For each request the program, or the negative errno with which libseccomp refuses it. */
export const libseccomp = (requests: readonly Request[]): readonly (Program | number)[] => {
  const judge = build("test/policy/native/libseccomp.c", "policy-libseccomp", [
    "-I",
    `${root}/include`,
    `${root}/lib/x86_64-linux-gnu/libseccomp.a`,
  ]);
  const input = requests.map((request) => `${lines(request).join("\n")}\n`).join("");
  const { status, stdout, stderr } = spawnSync(judge, { input, maxBuffer: 1 << 30, timeout: 600_000 });
  if (status !== 0) throw new Error(`libseccomp judge: ${stderr}`);
  let at = 0;
  return requests.map(() => {
    const count = stdout.readInt32LE(at);
    at += 4;
    if (count < 0) return count;
    const program = decodeProgram(stdout.subarray(at, at + count * 8));
    at += count * 8;
    return program;
  });
};
