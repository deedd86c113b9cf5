// Whole programs: macros, sections, alignment. NASM is the judge: it made guest/bin from guest/src.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assembleProgram } from "trapgate/cpu";
import { describe, expect, it } from "vitest";
import { Problem } from "../../../src/problem.ts";
import { guests } from "../../../tools/guests.ts";
import { top } from "../../support/host.ts";

const source = join(top, "guest", "src");
const include = (name: string): string | undefined =>
  existsSync(join(source, name)) ? readFileSync(join(source, name), "utf8") : undefined;
const binary = (name: string): Uint8Array => new Uint8Array(readFileSync(join(top, "guest", "bin", name)));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const complaint = (text: string): string => {
  try {
    assembleProgram(text, { include });
    return "none";
  } catch (e) {
    if (e instanceof Problem) return `${e.message.replace(/ \[TG\d+\]/, "")} @${e.span?.at}`;
    throw e;
  }
};

describe("assembleProgram", () => {
  it.each(guests().map(({ file, source: name, defines }) => [file, name, defines] as const))(
    "makes %s as NASM does",
    (file, name, defines) => {
      const given = Object.fromEntries(defines.map((d) => d.split("=") as [string, string?]).map(([key, value]) => [key, value ?? ""]));
      const { bytes } = assembleProgram(readFileSync(join(source, name), "utf8"), { include, binary, defines: given });
      expect(hex(bytes)).toBe(hex(binary(file)));
    },
  );
});
describe("mistakes", () => {
  it.each([
    ["bits 64\n  mov eax,", "line 2: an operand is empty @2"],
    ['bits 64\n%include "calls.inc"\n call64', "line 3: call64 takes 1 to 5 parameters, not 0 @3"],
    ['bits 64\n%include "calls.inc"\n\n int80 bogus', 'calls.inc, line 32 (line 4): there is no label "bogus" @4'],
    ["%if 1\nnop", "line 2: %endif is missing: an %if of line 1 is open @2"],
    ["%macro a 0\n a\n%endmacro\n a", "line 2: macros, or files, are nested more than 40 deep @4"],
    ["%define a b\n%define b a\nbits 64\nmov eax, a", 'line 4: there is no label "a" @4'],
    ["times 0x7fffffffff db 1", "line 1: a program has at most 16777216 bytes @1"],
    ["resb 1 << 40", "line 1: resb 1099511627776 is too much, or too little @1"],
    ["x equ y\ny equ x\ndb x", 'line 3: "x" is defined by itself @3'],
    ['%include "nothing"', 'line 1: there is no file "nothing" to include @1'],
  ])("%j", (text, message) => {
    expect(complaint(text)).toBe(message);
  });
});
