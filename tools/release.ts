// `npm run release:check -- vX.Y.Z [--notes]`: checks that a release is ready: the tag is the version of
// package.json and of
// package-lock.json, and CHANGELOG.md has a section of it with a date and with lines. `--notes` prints that
// section.
import { readFileSync } from "node:fs";

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

interface Given {
  readonly pack: { readonly version: string };
  readonly lock: { readonly version: string };
  readonly changelog: string;
}
/** What is wrong with a release, and the changelog's section of it. */
export const release = (tag: string, { pack, lock, changelog }: Given): { readonly wrong: readonly string[]; readonly notes: string } => {
  const wrong: string[] = [];
  const version = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag)?.[1];
  if (version === undefined) return { wrong: [`${tag} is no tag of a release: vMAJOR.MINOR.PATCH`], notes: "" };
  if (pack.version !== version) wrong.push(`package.json has version ${pack.version}, the tag says ${version}`);
  if (lock.version !== pack.version) wrong.push(`package-lock.json has version ${lock.version}: run npm install`);
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.startsWith(`[${version}]`));
  const [head = "", ...lines] = section?.split("\n") ?? [];
  const notes = lines
    .join("\n")
    .replace(/^\[[^\]]*\]: .*$/gm, "")
    .trim();
  if (section === undefined) wrong.push(`CHANGELOG.md has no section [${version}]: rename [Unreleased]`);
  else if (!/^\[[^\]]+\] - \d{4}-\d{2}-\d{2}$/.test(head))
    wrong.push(`CHANGELOG.md: "## ${head}" has no date: ## [${version}] - YYYY-MM-DD`);
  else if (notes === "") wrong.push(`CHANGELOG.md: the section [${version}] is empty`);
  return { wrong, notes };
};

if (import.meta.filename === process.argv[1]) {
  const [tag = "", flag] = process.argv.slice(2);
  const { wrong, notes } = release(tag, {
    pack: JSON.parse(read("package.json")),
    lock: JSON.parse(read("package-lock.json")),
    changelog: read("CHANGELOG.md"),
  });
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) process.exitCode = 1;
  else if (flag === "--notes") console.log(notes);
}
