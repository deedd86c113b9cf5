#!/usr/bin/env node
import { load } from "./load.js";

const loaded = load();
if (loaded) await loaded.main(process.argv.slice(2));
else {
  console.error("trapgate: this clone is not built yet: run `npm start` once");
  process.exitCode = 125;
}
