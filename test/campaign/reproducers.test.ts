// Earlier findings of campaigns stay mended: every reproducer is tried again.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readReproducer, replay } from "../../tools/campaign/reproducer.ts";
import { top } from "../support/host.ts";

const folder = join(top, "test", "campaign", "reproducers");
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

describe("a reproducer", () => {
  it("is there", () => expect(files.length).toBeGreaterThan(0));
  it.each(files)("%s holds", { timeout: 120_000 }, async (name) => {
    const { finding } = await replay(readReproducer(join(folder, name)));
    expect(finding).toBeUndefined();
  });
});
