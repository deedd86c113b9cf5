#!/usr/bin/env node
// A CommonJS module, like load.js: Node starts it a twelfth of a start sooner than an ES module.
const { load } = require("./load.js");

const loaded = load();
if (loaded) {
  // All is done and written when it returns (pipes are slower on Windows): to end at once spares V8 from taking its heap apart, a thirtieth of a start.
  loaded.main(process.argv.slice(2)).then(() => process.platform === "win32" || process.exit());
} else {
  console.error("trapgate: this clone is not built yet: run `npm start` once");
  process.exitCode = 125;
}
