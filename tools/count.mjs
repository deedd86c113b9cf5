// `node tools/count.mjs REPORT`: prints `N passed, N failed` of a vitest JSON report. Exit status 1 if a test
// failed or none ran. A test file that could not be loaded counts as one failure.
import { existsSync, readFileSync } from "node:fs";

const file = process.argv[2];
const report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { testResults: [] };
let passed = 0;
let failed = 0;
for (const { status, assertionResults } of report.testResults) {
  passed += assertionResults.filter((t) => t.status === "passed").length;
  const bad = assertionResults.filter((t) => t.status === "failed").length;
  failed += bad === 0 && status === "failed" ? 1 : bad;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
