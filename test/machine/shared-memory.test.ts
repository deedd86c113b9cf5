// Shared and private guest memory differ for the garbage collector only: same trace, same output. The command
// line's memory is shared, a library user's is not.
import { dirname } from "node:path";
import { Machine } from "trapgate/internal";
import { describe, expect, it } from "vitest";
import { engines } from "../../src/cpu/engine.ts";
import { nodeTree } from "../../src/host/node-tree.ts";
import { guest } from "../landmines/guest.ts";
import { busybox, missing } from "../support/host.ts";

const script =
  "for i in 3 1 2; do (echo $i; head -c 30000 /dev/urandom | md5sum) & done | sort; wait; awk 'BEGIN { for (i = 0; i < 20000; i++) s += i * 0.5; print s }'";

describe("shared guest memory", () => {
  it.each(
    engines.flatMap((engine) =>
      ["hello-vdso32", "hello-syscall", "libc-start", "libc-start32", "loops", "loops32"].map((name) => [engine, name] as const),
    ),
  )("gives %s the same %s", async (engine, name) => {
    const run = (sharedMemory: boolean) => Machine.run(guest(name), { engine, sharedMemory, trace: { follow: true } });
    const [ordinary, shared] = [await run(false), await run(true)];
    expect(shared).toEqual(ordinary);
  });
  for (const abi of ["amd64", "i386"] as const) {
    const need = busybox(abi);
    it.skipIf(missing(`shared memory on ${abi} busybox`, need))(`gives processes of ${abi} busybox one trace`, async () => {
      const folder = dirname(need.path);
      const run = (sharedMemory: boolean) =>
        Machine.run(need.path, {
          mounts: [{ tree: nodeTree(folder), at: folder, mode: "cow" }],
          cwd: folder,
          args: ["sh", "-c", script],
          sharedMemory,
          seed: 5,
          trace: { follow: true },
          timeout: 50,
        });
      const [ordinary, shared] = [await run(false), await run(true)];
      expect(ordinary.stdout.text).toContain("99995000");
      expect(shared).toEqual(ordinary);
    });
  }
});
