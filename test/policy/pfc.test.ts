// libseccomp's pseudo filter code has the meaning of libseccomp's filters.
import { describe, expect, it } from "vitest";
import { detectFormat, type Policy, readPolicy } from "../../src/policy/index.ts";
import { compare, diagramOf, upstream } from "../../src/seccomp/index.ts";
import { libseccompWithCode, type Request } from "../../tools/policy/libseccomp.ts";
import { randomProfile } from "../../tools/policy/profiles.ts";
import { random } from "../../tools/seccomp/random.ts";
import { debian, gcc, missing, nativeX64 } from "../support/host.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): Promise<Policy> => readPolicy("f.pfc", bytes(text), { format: "pfc" });

const code = `#
# pseudo filter code start
#
# filter for arch x86_64 (3221225534)
if ($arch == 3221225534)
  # filter for syscall "close" (3) [priority: 65533]
  if ($syscall == 3)
    if ($a0.hi32 == 0)
      if ($a0.lo32 & 0x000000ff == 7)
        action ERRNO(5);
  # default action
  action ALLOW;
# invalid architecture action
action KILL;
#
# pseudo filter code end
#
`;

describe("pseudo filter code", () => {
  it("is detected, and knows x32's bit though it does not say it", async () => {
    expect(detectFormat(bytes(code))).toBe("pfc");
    const asm = `A = arch; A == ARCH_X86_64 ? next : dead; A = sys_number; A == 0xffffffff ? ok : next; A >= 0x40000000 ? dead : next; A == close ? next : ok
A = args[0] >> 32; A == 0 ? next : ok; A = args[0]; A &= 0xff; A == 7 ? five : ok; ok: return ALLOW; dead: return KILL; five: return ERRNO(5)`;
    const [ours, judge] = [await read(code), await readPolicy("f.asm", bytes(asm))];
    expect(compare(ours.diagram, judge.diagram).verdict).toBe("equal");
  });
  it.each([
    ["action ERRNO(5)", "action ERNO(5)", "there is no action ERNO", 10, 16],
    ["$a0.lo32", "$a6.lo32", "there is no variable $a6.lo32", 9, 11],
    ["== 3)", "== 4294967296)", "this number does not fit 32 bits", 7, 19],
    ["($arch == 3221225534)", "($arch == 1)", "this is another architecture than the line above says", 5, 14],
    ["action KILL;", "action KILL", 'here must be ";"', 14, 12],
  ])("says where it is wrong: %s as %s", async (right, wrong, message, line, column) => {
    expect(code).toContain(right);
    await expect(read(code.replace(right, wrong))).rejects.toMatchObject({ sentence: message, span: { line, column } });
  });
});

const r = random(11);
const requests: readonly Request[] = Array.from({ length: 60 }, (_, i) => {
  const profile = randomProfile(r, true);
  return {
    defaultAction: profile.defaultAction,
    architectures: [["x86_64"], ["x86_64", "x86", "x32"], ["x86_64", "x86"], ["x86_64", "x32"]][i % 4] as string[],
    entries: profile.rules
      .filter(({ action }) => action !== profile.defaultAction)
      .flatMap(({ names, action, args }) => names.map((name) => ({ name, action, args }))),
    optimize: i % 3 === 0 ? 2 : 1,
  };
});
const library = debian("libseccomp-amd64");
describe.skipIf(missing("pseudo code against libseccomp", library, nativeX64, gcc))("what libseccomp writes", () => {
  it("means what its filter means", async () => {
    let compared = 0;
    for (const { program, code: text } of libseccompWithCode(requests)) {
      if (typeof program === "number") continue;
      const { diagram } = await read(text);
      expect(compare(diagram, diagramOf(program, upstream, diagram.nodes)).verdict, text).toBe("equal");
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
  });
});
