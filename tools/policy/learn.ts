// `npm run conformance:learn [-- PROGRAM…]`: policies that are learned of Debian's programs as they are used.
// The same use passes under each, in the machine and natively, where bubblewrap installs it; and how many
// calls each denies.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const trapgate = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "bin/trapgate.js");
const TIMEOUT = 400_000;

interface Use {
  readonly name: string;
  readonly needs: string;
  readonly command: readonly [string, ...string[]];
}
const bash = (text: string): readonly [string, ...string[]] => ["/usr/bin/bash", "-c", text];
const uses: readonly Use[] = [
  {
    name: "bash",
    needs: "/usr/bin/bash",
    command: bash(
      'cd /tmp; for i in 3 1 2; do echo $i; done | sort > list; x=$(cat list); echo $x; [[ -f list ]] && echo file; printf "%05d\\n" 42; read -r a < list; echo "$a"; (exit 3); echo $?; kill -0 $$ && trap "echo end" EXIT',
    ),
  },
  {
    name: "python3",
    needs: "/usr/bin/python3",
    command: [
      "/usr/bin/python3",
      "-c",
      'import json, os, hashlib, subprocess, threading, tempfile, socket\nt = threading.Thread(target=lambda: print("thread")); t.start(); t.join()\nwith tempfile.TemporaryDirectory() as d:\n  p = os.path.join(d, "a"); open(p, "w").write(json.dumps([1, 2])); print(json.load(open(p)), os.listdir(d))\nprint(hashlib.sha256(b"x").hexdigest(), subprocess.run(["/usr/bin/echo", "child"], capture_output=True).stdout)\na, b = socket.socketpair(); a.send(b"hi"); print(b.recv(9))',
    ],
  },
  {
    name: "git",
    needs: "/usr/bin/git",
    command: bash(
      "export HOME=/tmp GIT_AUTHOR_DATE=@1 GIT_COMMITTER_DATE=@1; cd /tmp; git init -q r; cd r; git config user.name n; git config user.email e@x; echo a > f; git add f; git commit -qm one; echo b >> f; git diff --stat; git commit -qam two; git log --oneline; git branch x; git checkout -q x; git status --short; git gc -q; git fsck",
    ),
  },
  {
    name: "sqlite3",
    needs: "/usr/bin/sqlite3",
    command: [
      "/usr/bin/sqlite3",
      "/tmp/a.db",
      "create table t(x, y); insert into t values (1, 'a'), (2, 'b'); begin; update t set x = x + 1; commit; select sum(x), group_concat(y) from t; create index i on t(x); vacuum; pragma integrity_check;",
    ],
  },
  {
    name: "curl and its server",
    needs: "/usr/bin/curl",
    command: bash(
      "cd /tmp; mkdir -p www; echo page > www/index.html; /usr/bin/python3 -m http.server -d www --bind 127.0.0.1 8123 >/dev/null 2>&1 & for i in 1 2 3 4 5 6 7 8 9 10 11 12; do curl -s http://127.0.0.1:8123/ && break; sleep 0.5; done; curl -s -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8123/none; kill %1",
    ),
  },
  {
    name: "node",
    needs: process.execPath,
    command: [
      process.execPath,
      "-e",
      'const fs = require("fs"); fs.writeFileSync("/tmp/n", "x".repeat(9)); console.log(fs.readFileSync("/tmp/n", "utf8"), [3, 1, 2].sort()); setTimeout(() => console.log("later"), 5); require("child_process").exec("echo child", (_, out) => console.log(out.trim()))',
    ],
  },
];

const inside = (...args: readonly string[]) =>
  spawnSync(process.execPath, [trapgate, ...args], { encoding: "utf8", timeout: TIMEOUT, maxBuffer: 1 << 28 });
const GUEST = ["--root", "/", "--memory", "2G", "--cwd", "/tmp"];
const NATIVE = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--chdir", "/tmp", "--clearenv"];

const folder = mkdtempSync(join(tmpdir(), "trapgate-learn-"));
const wanted = process.argv.slice(2);
let failed = 0;
try {
  for (const { name, needs, command } of uses) {
    if (wanted.length > 0 && !wanted.some((each) => name.includes(each))) continue;
    if (!existsSync(needs)) {
      console.log(`SKIPPED: ${name}: there is no ${needs}`);
      continue;
    }
    const [bpf, calls] = [join(folder, "policy.bpf"), join(folder, `${name}.calls`)];
    const learned = inside("seccomp", "learn", "--to", "raw", "-o", bpf, "--calls", calls, ...GUEST, "--", ...command);
    const share = /of all calls (.*)/.exec(learned.stderr)?.[1] ?? learned.stderr;
    const again = inside("run", "--policy", bpf, ...GUEST, "--", ...command);
    const shell = `exec bwrap ${NATIVE.join(" ")} --seccomp 9 -- "$@" 9<"$FILTER"`;
    const env = { PATH: process.env["PATH"], FILTER: bpf };
    const native = spawnSync("sh", ["-c", shell, "sh", ...command], {
      encoding: "utf8",
      timeout: TIMEOUT,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const same = (run: typeof again): string =>
      run.status === learned.status && run.stdout === learned.stdout ? "passes" : `FAILS: status ${run.status}, ${run.stdout}${run.stderr}`;
    const results = [same(again), same(native)];
    if (results.some((text) => text !== "passes")) failed++;
    console.log(`${name}: status ${learned.status}; inside ${results[0]}, natively ${results[1]}; ${share}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed > 0 ? 1 : 0;
