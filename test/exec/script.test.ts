// `#!` lines: the interpreter in the first 256 bytes of a file. Linux fs/binfmt_script.c.
import { expect, test } from "vitest";
import { parseScript, type Script } from "../../src/kernel/exec/script.ts";

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
