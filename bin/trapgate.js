#!/usr/bin/env node
import { existsSync } from "node:fs";

const built = new URL("../dist/bundle/main.js", import.meta.url);
if (existsSync(built)) {
  const { main } = await import(built.href);
  await main(process.argv.slice(2));
} else {
  console.error("trapgate: this clone is not built yet: run `npm start` once");
  process.exitCode = 125;
}
