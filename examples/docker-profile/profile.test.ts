// A Docker profile, as Docker loads it into a container with its default capabilities, and into one with
// more.
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { hostTree } from "trapgate/node";
import { dockerCapabilities, readPolicy } from "trapgate/policy";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";

const text = readFileSync(new URL("service.json", import.meta.url));
const profile = await readPolicy("service.json", text, { as: "docker" });
const asAdmin = await readPolicy("service.json", text, { as: "docker", capabilities: [...dockerCapabilities, "CAP_SYS_ADMIN"] });

describe("service.json in Docker", () => {
  it("keeps namespaces for administrators", () => {
    expect(profile).toDeny("unshare");
    expect(profile).toDeny("clone(0x10000000)");
    expect(profile).toAllow("clone(0x11)");
    expect(asAdmin).toAllow("unshare");
  });
  it("has no sockets of the hypervisor", () => {
    expect(profile).toDeny("socket(40, 1, 0)");
    expect(profile).toAllow("socket(2, 1, 0)");
  });
  it("means something else to crun, which does not answer ENOSYS to new calls", async () => {
    expect(profile).not.toBeEquivalentTo(await readPolicy("service.json", text, { as: "podman" }));
  });
  it("lets the host's programs run, and denies what it denies", async () => {
    const run = await Machine.run("/bin/sh", {
      root: hostTree("/"),
      args: ["-c", "mkdir /tmp/new; echo done"],
      policy: profile,
      trace: { follow: true },
    });
    expect(run.stdout.text).toBe("done\n");
    expect(run).toBeDenied("mkdir", { verdict: "ERRNO(EPERM)" });
  });
});
