// Three images made of Debian's packages: a web service in Python, a web server of busybox, a tool in Lua.
// They run by their entrypoints, and clients of the host reach the servers by published ports only.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Machine } from "trapgate";
import { hostImage, hostNetwork } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { setTreeMemory, type TreeMemory, treeMemoryOf } from "../../src/machine/starts/tree-memory.ts";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { busybox, debian, missing, top } from "../support/host.ts";

interface Made {
  /** Folders whose content is a layer each. */
  readonly layers: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
}
/** An OCI layout in a folder. */
const imageIn = (folder: string, { layers, config }: Made): string => {
  const blobs = join(folder, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const blob = (bytes: Uint8Array | string) => {
    const digest = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(blobs, digest), bytes);
    return { mediaType: "any", digest: `sha256:${digest}`, size: bytes.length };
  };
  const archives = layers.map((layer) =>
    blob(gzipSync(execFileSync("tar", ["c", "-C", layer, "--owner=0", "--group=0", "."], { maxBuffer: 1 << 30 }), { level: 1 })),
  );
  const manifest = blob(
    JSON.stringify({ schemaVersion: 2, config: blob(JSON.stringify({ architecture: "amd64", config })), layers: archives }),
  );
  writeFileSync(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  writeFileSync(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  return folder;
};
/** A layer of files by their paths. */
const layerIn = (folder: string, files: Readonly<Record<string, string | Uint8Array>>): string => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), content, { mode: /^(bin|opt)\//.test(path) ? 0o755 : 0o644 });
  }
  return folder;
};
const accounts = { "etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/srv:/bin/sh\n", "etc/group": "root:x:0:\napp:x:1001:\n" };
const [python, lua, box] = [debian("python-amd64"), debian("lua-amd64"), busybox("amd64")];

const service = `import http.server, os, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = f"{self.path} {body[::-1].decode()} {os.getuid()}:{os.getgid()} {os.getcwd()} {os.environ['GREETING']} {self.client_address[0]}"
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
    def log_message(self, *rest): pass
socketserver.ThreadingTCPServer.allow_reuse_address = True
with socketserver.ThreadingTCPServer(("0.0.0.0", 8000), Handler) as server:
    print("ready", flush=True)
    server.serve_forever()
`;
/** A server of an image by the command line: the port of the host, and its end. */
const serve = async (
  image: string,
  ready: RegExp,
  args: readonly string[] = [],
): Promise<{ port: number; stop: () => Promise<number | null> }> => {
  const child = spawn(process.execPath, [join(top, "bin/trapgate.js"), "run", "--image", image, "--publish", "0:8000", ...args]);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (said += bytes));
  for (let tried = 0; !ready.test(said); tried++) {
    if (tried > 600 || child.exitCode !== null) throw new Error(`it is not ready: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const port = Number(/tcp port (\d+) of 127\.0\.0\.1 is port 8000 of the guest/.exec(said)?.[1]);
  const stop = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return new Promise((resolve) => (child.exitCode === null ? child.once("exit", (code) => resolve(code)) : resolve(child.exitCode)));
  };
  return { port, stop };
};

describe.skipIf(missing("images of Debian's packages", python, lua, box))("images of Debian's packages", { timeout: 240_000 }, () => {
  it("a web service in Python, as a user, reached by a published port", () =>
    inFolder(async (folder) => {
      const own = layerIn(join(folder, "own"), { ...accounts, "srv/service.py": service });
      const image = imageIn(join(folder, "image"), {
        layers: [python.path, own],
        config: {
          Env: ["PATH=/usr/bin:/bin", "GREETING=hello", "PYTHONDONTWRITEBYTECODE=1"],
          User: "app",
          WorkingDir: "/srv",
          Entrypoint: ["/usr/bin/python3"],
          Cmd: ["service.py"],
        },
      });
      const { port, stop } = await serve(image, /^ready$/m);
      const answers = await Promise.all(
        ["one", "two", "three"].map(async (word) =>
          (await fetch(`http://127.0.0.1:${port}/${word}`, { method: "POST", body: word })).text(),
        ),
      );
      expect(answers).toEqual(["one eno", "two owt", "three eerht"].map((text) => `/${text} 1000:1001 /srv hello 10.0.2.2`));
      expect(await stop()).toBe(128 + 15);
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    }));
  it("a start that is kept, by the library", () =>
    inFolder(async (folder) => {
      const own = layerIn(join(folder, "own"), { ...accounts, "bin/busybox": readFileSync(box.path) });
      const image = await hostImage(imageIn(join(folder, "image"), { layers: [own], config: { Entrypoint: ["/bin/busybox", "sh"] } }));
      const memory = treeMemoryOf(image.root) as TreeMemory;
      let starts = 0;
      setTreeMemory(image.root, { ...memory, noted: () => (starts++, memory.noted()) });
      const args = ["sh", "-c", "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done; echo $i; cat /proc/uptime; exit 3"];
      const runs = [];
      for (let n = 0; n < 3; n++) runs.push(await Machine.run("/bin/busybox", { ...image.options, args, root: image.root }));
      expect(runs[0]).toMatchObject({ status: { exit: 3 } });
      for (const { stdout, stats } of runs) expect([stdout.text, stats]).toEqual([runs[0]?.stdout.text, runs[0]?.stats]);
      expect(starts).toBe(1);
      image.close();
    }));
  it("a web server of busybox, by the library", () =>
    inFolder(async (folder) => {
      const own = layerIn(join(folder, "own"), { ...accounts, "bin/busybox": readFileSync(box.path), "srv/page": "a page\n" });
      const path = imageIn(join(folder, "image"), {
        layers: [own],
        config: { Env: ["PATH=/bin"], WorkingDir: "/srv", Entrypoint: ["/bin/busybox", "httpd"], Cmd: ["-f", "-p", "8000"] },
      });
      const image = await hostImage(path);
      let port = 0;
      const network = hostNetwork({ publish: [{ host: 0, guest: 8000 }], listening: ({ host }) => void (port = host) });
      const stop = new AbortController();
      const run = Machine.run(image.program, { ...image.options, root: image.root, network, signal: stop.signal });
      const ended = run.then(
        () => "ended",
        (reason) => reason,
      );
      let page = "";
      for (let tried = 0; page === "" && tried < 200; tried++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        page =
          port === 0
            ? ""
            : await fetch(`http://127.0.0.1:${port}/page`).then(
                (answer) => answer.text(),
                () => "",
              );
      }
      expect(page).toBe("a page\n");
      stop.abort("enough");
      expect(await ended).toBe("enough");
      image.close();
    }));
  it("a tool in Lua, whose entrypoint is a script with arguments", () =>
    inFolder(async (folder) => {
      const script = `#!/usr/bin/lua5.4\nlocal f = io.open("kept", "a"); f:write(table.concat(arg, "+"), "\\n"); f:close()\nfor line in io.lines("kept") do print(line) end\n`;
      const own = layerIn(join(folder, "own"), { ...accounts, "opt/tool": script, "srv/readme": "" });
      const image = imageIn(join(folder, "image"), {
        layers: [lua.path, own],
        config: { Env: ["PATH=/usr/bin"], WorkingDir: "/srv", Entrypoint: ["/opt/tool"], Cmd: ["default"] },
      });
      expect(trapgate(["run", "--image", image])).toMatchObject({ status: 0, stdout: "default\n", stderr: "" });
      const kept = ["run", "--image", image, "--overlay", join(folder, "changes")];
      expect(trapgate([...kept, "a", "b"]).stdout).toBe("a+b\n");
      expect(trapgate([...kept, "c"]).stdout).toBe("a+b\nc\n");
      expect(trapgate(["run", "--image", image]).stdout).toBe("default\n");
    }));
});
