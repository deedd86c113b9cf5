# about: node watching files: fs.watch (recursive too), fs.watchFile, node --watch
# equal: amd64
# packages: nodejs
# architectures: amd64
# seconds: 120
cat >s.mjs <<'END'
import fs from "node:fs"; import { setTimeout as sleep } from "node:timers/promises"; fs.mkdirSync("d/s", { recursive: true }); const seen = new Set(); const w = fs.watch("d", (e, f) => seen.add(`${e} ${f}`)); await sleep(200); fs.writeFileSync("d/a", "1"); await sleep(200); fs.renameSync("d/a", "d/b"); await sleep(200); fs.unlinkSync("d/b"); await sleep(300); w.close(); console.log([...seen].sort().join("\n")); const deep = new Set(); const r = fs.watch("d", { recursive: true }, (e, f) => deep.add(f)); await sleep(200); fs.writeFileSync("d/s/x", "1"); await sleep(500); r.close(); console.log([...deep].sort().join("\n")); fs.writeFileSync("p", "1"); const p = new Promise((done) => fs.watchFile("p", { interval: 50 }, (now) => { fs.unwatchFile("p"); done(now.size); })); await sleep(200); fs.writeFileSync("p", "12"); console.log(await p); for await (const e of fs.promises.watch("d", { signal: AbortSignal.timeout(500) })) console.log(e);
END
node s.mjs 2>&1 | grep -E '^[a-z0-9/ ]+$|TimeoutError' | head -n 20; echo 'console.log("run")' >m.mjs; (timeout 5 node --watch m.mjs >log 2>&1 || :) & sleep 2; echo 'console.log("again")' >m.mjs; wait; grep -E '^(run|again)' log
