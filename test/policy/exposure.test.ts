// The exposure of an audit: what the table says of Docker and systemd is what their own lists do.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AbiName, errno, exposure, exposureText, policy, readPolicy } from "trapgate/policy";
import { describe, expect, it } from "vitest";
import { x64 } from "../../src/abi/abi.ts";
import { exposedCalls } from "../../src/policy/audit/exposure.ts";
import { View } from "../../src/policy/audit/view.ts";
import { numberOf } from "../../src/policy/names.ts";
import { missing, top } from "../support/host.ts";

const docker = join(top, ".cache/debian/profiles-amd64/usr/share/gocode/src/github.com/docker/docker/profiles/seccomp/default.json");
const shipped = { what: "Docker's profile (npm run setup)", met: existsSync(docker) };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const denied = (view: View): readonly string[] => exposedCalls.filter(({ name }) => view.denies(name, x64)).map(({ name }) => name);

describe("the table of exposed calls", () => {
  it("has each call once, and known ones only", () => {
    const names = exposedCalls.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => numberOf(name, x64) === undefined)).toEqual([]);
    expect(names.length).toBeGreaterThan(50);
  });
  it.skipIf(missing("Docker's column", shipped))("has for Docker what its default profile denies", async () => {
    const view = new View((await readPolicy("default.json", readFileSync(docker), { as: "docker" })).diagram);
    expect(exposedCalls.filter(({ deniedBy }) => deniedBy.includes("Docker")).map(({ name }) => name)).toEqual(denied(view));
  });
  it("has for systemd what SystemCallFilter=@system-service denies", async () => {
    const view = new View((await readPolicy("a.service", bytes("[Service]\nSystemCallFilter=@system-service\n"))).diagram);
    expect(exposedCalls.filter(({ deniedBy }) => deniedBy.includes("systemd")).map(({ name }) => name)).toEqual(denied(view));
  });
});

describe("exposure", () => {
  const arch: readonly AbiName[] = ["x64"];
  it("lists what passes, by kind, with who denies it", async () => {
    const open = policy({ default: { value: 0x7fff0000 }, arch });
    const all = exposure(open).flatMap(({ calls }) => calls.map(({ name }) => name));
    expect(all).toEqual(exposedCalls.map(({ name }) => name));
    const some = exposure(policy({ default: errno("EPERM") }).allow("read", "ptrace", "mount"));
    expect(some.map(({ calls }) => calls)).toEqual([
      [{ name: "ptrace", restricted: false, deniedBy: ["systemd", "Chromium", "Firecracker"] }],
      [{ name: "mount", restricted: false, deniedBy: ["Docker", "systemd", "Chromium", "Firecracker"] }],
    ]);
    expect(exposureText(some)).toMatch(
      /^exposure: 2 calls that sandboxes usually deny pass\n {2}they read or change other processes.*\n {4}ptrace\n/,
    );
  });
  it("is empty for a small policy", () => {
    const small = exposure(policy({ default: errno("EPERM") }).allow("read", "write", "exit_group"));
    expect([small, exposureText(small)]).toEqual([[], ""]);
  });
});
