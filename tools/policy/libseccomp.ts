// Asks Debian's libseccomp for filters: test/policy/native/libseccomp.c, linked to the library that `npm run
// setup` fetches.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Entry } from "../../src/policy/meaning.ts";
import { decodeProgram, type Program } from "../../src/seccomp/index.ts";
import { build } from "../seccomp/judge.ts";

const root = fileURLToPath(new URL("../../.cache/debian/libseccomp-amd64/usr", import.meta.url));
/** True if the library is installed. */
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

const ask = (requests: readonly Request[], ...options: string[]): Buffer => {
  const judge = build("test/policy/native/libseccomp.c", "policy-libseccomp", [
    "-I",
    `${root}/include`,
    `${root}/lib/x86_64-linux-gnu/libseccomp.a`,
  ]);
  const input = requests.map((request) => `${lines(request).join("\n")}\n`).join("");
  const { status, stdout, stderr } = spawnSync(judge, options, { input, maxBuffer: 1 << 30, timeout: 600_000 });
  if (status !== 0) throw new Error(`libseccomp judge: ${stderr}`);
  return stdout;
};
class Answers {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  count(): number {
    this.#at += 4;
    return this.#bytes.readInt32LE(this.#at - 4);
  }
  take(length: number): Buffer {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  program(): Program | number {
    const count = this.count();
    return count < 0 ? count : decodeProgram(this.take(count * 8));
  }
}

/** For each request the program, or the negative errno with which libseccomp refuses it. */
export const libseccomp = (requests: readonly Request[]): readonly (Program | number)[] => {
  const answers = new Answers(ask(requests));
  return requests.map(() => answers.program());
};
/** The same with the pseudo filter code. */
export const libseccompWithCode = (
  requests: readonly Request[],
): readonly { readonly program: Program | number; readonly code: string }[] => {
  const answers = new Answers(ask(requests, "code"));
  return requests.map(() => ({ program: answers.program(), code: answers.take(answers.count()).toString() }));
};
