// The committed programs equal those that their sources make.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildGuests, guests } from "../../tools/guests.ts";
import { missing, nasm, top } from "../support/host.ts";

const bin = join(top, "guest", "bin");

describe("guest/bin", () => {
  it("holds exactly the files that guest/src makes", () => {
    expect(readdirSync(bin).sort()).toEqual(
      guests()
        .map((g) => g.file)
        .sort(),
    );
  });

  it.skipIf(missing("guest/bin is rebuilt", nasm))("comes out byte for byte when it is built again", () => {
    const again = mkdtempSync(join(tmpdir(), "trapgate-guests-"));
    try {
      buildGuests(again);
      for (const { file } of guests()) {
        expect(readFileSync(join(again, file)).equals(readFileSync(join(bin, file))), `${file} differs`).toBe(true);
      }
    } finally {
      rmSync(again, { recursive: true });
    }
  });
});
