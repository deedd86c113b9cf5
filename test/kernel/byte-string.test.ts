// Byte strings of texts that are longer than the arguments of a call can be.

import { readFileSync } from "node:fs";
import { Machine } from "trapgate/internal";
import { expect, it } from "vitest";
import { asBytes, ofBytes, ofText, own } from "../../src/kernel/base/byte-string.ts";
import { guestPath } from "../support/cli.ts";

const LONG = 1_000_000;

it("a long text is bytes and a text again", () => {
  const bytes = Uint8Array.from({ length: LONG }, (_, n) => n & 0xff);
  const text = ofBytes(bytes);
  expect(text.length).toBe(LONG);
  expect(asBytes(text)).toEqual(bytes);
  expect(own(text)).toBe(text);
  expect(ofText("é".repeat(LONG))).toBe("\xc3\xa9".repeat(LONG));
});

it("an argument that is too long for execve is a Problem, no exception of the host", async () => {
  const machine = new Machine({ files: { "/hello": { content: readFileSync(guestPath("hello-syscall")), mode: 0o755 } } });
  await expect(machine.run("/hello", { args: ["x".repeat(LONG)] })).rejects.toThrow(/\[TG03\d\d\]/);
});
