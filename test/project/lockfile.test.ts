// The lock file names no host, and every dependency has one exact version.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const read = (file: string) => JSON.parse(readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), "utf8"));

it("the lock file names no host to download from, so each user has his own registry", () => {
  const packages: Record<string, { resolved?: string }> = read("package-lock.json").packages;
  expect(Object.entries(packages).filter(([, p]) => p.resolved !== undefined)).toEqual([]);
});

it("every dependency is pinned to one version", () => {
  const { dependencies, devDependencies } = read("package.json") as Record<string, Record<string, string>>;
  for (const version of Object.values({ ...dependencies, ...devDependencies })) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});
