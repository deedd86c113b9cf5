// `#!` lines: the interpreter in the first 256 bytes of a file. Linux fs/binfmt_script.c.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { parseScript, type Script } from "../../src/kernel/exec/script.ts";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { missing, nativeX64 } from "../support/host.ts";

const head = (text: string): Uint8Array => {
  const bytes = new Uint8Array(256);
  for (let i = 0; i < Math.min(256, text.length); i++) bytes[i] = text.charCodeAt(i);
  return bytes;
};

const cases: readonly (readonly [string, Script | undefined])[] = [
  ["#!/bin/sh\n", { interpreter: "/bin/sh" }],
  ["#! \t/bin/sh \t\n", { interpreter: "/bin/sh" }],
  ["#!/bin/sh -x  y \n", { interpreter: "/bin/sh", argument: "-x  y" }],
  ["#!/usr/bin/env\tpython3\n", { interpreter: "/usr/bin/env", argument: "python3" }],
  ["#!/bin/sh", { interpreter: "/bin/sh" }],
  ["#!/bin/sh -x ", { interpreter: "/bin/sh", argument: "-x " }],
  ["#!/bin/sh\r\n", { interpreter: "/bin/sh\r" }],
  ["#!\n", undefined],
  ["#! \t \n", undefined],
  ["#!", { interpreter: "" }],
  [" #!/bin/sh\n", undefined],
  ["#/bin/sh\n", undefined],
  ["", undefined],
  [`#!/${"a".repeat(252)}\n`, { interpreter: `/${"a".repeat(252)}` }],
  [`#!/${"a".repeat(253)}\n`, undefined],
  [`#!/bin/sh ${"b".repeat(300)}\n`, { interpreter: "/bin/sh", argument: "b".repeat(245) }],
  [`#!${" ".repeat(300)}/bin/sh\n`, undefined],
];

test.each(cases)("%j", (text, expected) => expect(parseScript(head(text))).toEqual(expected));

const shell = "/bin/sh";
describe.skipIf(missing("a script that runs", nativeX64, { what: shell, met: existsSync(shell) }))("a script", () => {
  it("gives its own name to the task", async () => {
    await inFolder(async (folder) => {
      const script = `${folder}/a-script`;
      writeFileSync(script, `#!${shell}\ncat /proc/$$/comm\n`, { mode: 0o755 });
      const inside = trapgate(["run", "--root", "/", "--", script]);
      expect([inside.stdout, execFileSync(script, { encoding: "utf8" })]).toEqual(["a-script\n", "a-script\n"]);
    });
  });
});
