// A tag is released only if the version, the lock file and the changelog agree (tools/release.ts).
import { describe, expect, it } from "vitest";
import { release } from "../../tools/release.ts";

const changelog =
  "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-12-01\n\n### Added\n\n- A thing.\n\n## [1.1.0] - 2026-11-27\n\n- Older.\n\n[1.1.0]: x\n";
const given = { pack: { version: "1.2.0" }, lock: { version: "1.2.0" }, changelog };

describe("a release", () => {
  it("has the section of its version as notes", () => {
    expect(release("v1.2.0", given)).toEqual({ wrong: [], notes: "### Added\n\n- A thing." });
  });
  it.each([
    ["1.2.0", given, ["1.2.0 is no tag of a release: vMAJOR.MINOR.PATCH"]],
    ["v1.3.0", given, ["package.json has version 1.2.0, the tag says 1.3.0", "CHANGELOG.md has no section [1.3.0]: rename [Unreleased]"]],
    ["v1.2.0", { ...given, lock: { version: "1.1.0" } }, ["package-lock.json has version 1.1.0: run npm install"]],
    ["v1.2.0", { ...given, changelog: "## [1.2.0]\n\n- A thing.\n" }, ['CHANGELOG.md: "## [1.2.0]" has no date: ## [1.2.0] - YYYY-MM-DD']],
    ["v1.2.0", { ...given, changelog: "## [1.2.0] - 2026-12-01\n\n" }, ["CHANGELOG.md: the section [1.2.0] is empty"]],
  ])("%s is refused where they differ", (tag, files, wrong) => {
    expect(release(tag, files).wrong).toEqual(wrong);
  });
});
