#!/usr/bin/env node
// A CommonJS module, like load.js: Node starts it a twelfth of a start sooner than an ES module.
const { load } = require("./load.js");

const loaded = load();
if (loaded) loaded.main(process.argv.slice(2));
else {
  console.error("trapgate: this clone is not built yet: run `npm start` once");
  process.exitCode = 125;
}
