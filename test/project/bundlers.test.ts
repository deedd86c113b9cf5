// The parts of the package that users' bundlers leave out, and the parts that they must keep.
import { build } from "esbuild";
import { expect, it } from "vitest";
import { top } from "../support/host.ts";

const bundled = async (contents: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: top },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    external: ["vitest", "node:*"],
    // Users have dist, so the test bundles dist.
    tsconfigRaw: "{}",
  });
  return outputFiles[0]!.text;
};

it("keeps what an import of trapgate/vitest is for", async () => {
  expect(await bundled('import "trapgate/vitest";')).toContain("toBeKilledBy");
});
it("leaves the machine out of what only needs filters", async () => {
  const text = await bundled('import { assemble } from "trapgate/seccomp"; console.log(assemble);');
  expect(text).toContain("assemble");
  expect(text.length).toBeLessThan(200_000);
});
