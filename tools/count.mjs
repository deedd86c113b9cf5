// `node tools/count.mjs REPORT`: prints the failed tests of a vitest JSON report, each with the first lines
// of
// its message, then `N passed, N failed`. Exit status 1 if a test failed or none ran. A test file that could
// not be loaded counts as one failure.
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** Failures shown, and lines and columns of each message. */
const shown = 20;
const lines = 6;
const columns = 300;

const file = process.argv[2];
const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { testResults: [] };
let passed = 0;
const failures = [];
for (const { name, status, message, assertionResults } of report.testResults) {
  passed += assertionResults.filter((t) => t.status === "passed").length;
  for (const { status: end, fullName, failureMessages } of assertionResults)
    if (end === "passed" && failureMessages?.length > 0) console.log(`second try: ${relative(process.cwd(), name)} > ${fullName}`);
  const bad = assertionResults.filter((t) => t.status === "failed");
  for (const { fullName, failureMessages } of bad) failures.push([name, fullName, failureMessages.join("\n")]);
  if (bad.length === 0 && status === "failed") failures.push([name, "(the file)", message ?? ""]);
}
for (const [name, title, message] of failures.slice(0, shown)) {
  console.log(`failed: ${relative(process.cwd(), name)} > ${title}`);
  const text = stripVTControlCharacters(message).split("\n").slice(0, lines);
  for (const line of text) console.log(`  ${line.slice(0, columns)}`);
}
if (failures.length > shown) console.log(`and ${failures.length - shown} more`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;
