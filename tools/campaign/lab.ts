// The lab's server: damaged, hostile and interrupted requests over plain TCP. It survives them, serves the
// files of its folder and nothing else, and answers no page of another name.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { serveLab } from "../../src/cli/lab/serve.ts";
import type { Random } from "../oracle/random.ts";
import { inScratch } from "./cli.ts";
import { digestOf } from "./digest.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

/** One connection: its pieces of bytes, and whether it is ended by the client in the middle. */
interface Connection {
  readonly pieces: readonly string[];
  readonly aborts: boolean;
}
interface Input {
  readonly connections: readonly Connection[];
  /** A file of the folder goes, or becomes a folder, after so many connections. */
  readonly change: { readonly after: number; readonly to: "nothing" | "folder" };
}

const SECRET = "the secret beside the folder";
const served = { "index.html": "<title>lab</title>", "a b.js": "export {};", "sub/run.json": "{}", "sub/x.wasm": "\0asm" } as const;
const MEMORY = "run.json";

// biome-ignore format: table
const methods = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "OPTIONS", "CONNECT", "TRACE", "get", "", "G\x00T", "PRI"] as const;
// biome-ignore format: table
const paths = [
  "/", "/index.html", "/a%20b.js", "/sub/run.json", "/sub/x.wasm", "/run.json", "/sub", "/sub/", "//", "//sub/run.json", "/../secret", "/%2e%2e/secret", "/..%2fsecret",
  "/sub/..%2f..%2fsecret", "/..\\secret", "/%00", "/index.html%00", "/%", "/%ff", "/%zz", "/\xff\xfe", "?", "*", "", "http://127.0.0.1/secret", "http://[::1", "/./index.html",
  "/constructor", "/__proto__", "/hasOwnProperty", `/${"a/".repeat(4000)}`, "/index.html?x=/../secret", "/index.html#x", "/etc/passwd", "//etc/passwd", "file:///etc/passwd",
] as const;
// biome-ignore format: table
const hosts = ["127.0.0.1", "localhost", "localhost:80", "127.0.0.1:99999", "evil.example", "127.0.0.1.evil.example", "localhost:80@evil.example", "", "\xff", "LOCALHOST"] as const;
// biome-ignore format: table
const headers = [
  "Connection: close", "Connection: keep-alive", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked, chunked", "Content-Length: 5", "Content-Length: -1",
  "Content-Length: 99999999999999999999", "Expect: 100-continue", "Expect: x", "Upgrade: websocket\r\nConnection: Upgrade", "Range: bytes=0-0,5-", "Host: 127.0.0.1", " folded",
  `X: ${"y".repeat(20_000)}`, "X:\x00", "no colon", "If-None-Match: *", "Accept-Encoding: gzip",
] as const;
const bodies = ["", "", "hello", "5\r\nhello\r\n0\r\n\r\n", "ffffffffffffffff\r\n", "\x00".repeat(70_000)] as const;

/** Most parts of a request are right, so that it comes past the parser. */
const request = (r: Random): string => {
  const or = <T>(usual: T, others: readonly T[]): T => (r.chance(0.75) ? usual : r.pick(others));
  const version = or("HTTP/1.1", ["HTTP/1.0", "HTTP/2.0", "HTTP/9", ""]);
  const host = r.chance(0.95) ? [`Host: ${or<string>("127.0.0.1", hosts)}`] : [];
  const more = r.chance(0.3) ? Array.from({ length: 1 + r.below(3) }, () => r.pick(headers)) : [];
  const end = or("\r\n", ["\n"]);
  return [`${or<string>("GET", methods)} ${r.pick(paths)} ${version}`, ...host, ...more, "", ""].join(end) + or<string>("", bodies);
};
const pieces = (r: Random): string[] => {
  const text = Array.from({ length: 1 + r.below(3) }, () => request(r)).join("");
  const damaged = r.chance(0.2) ? text.slice(0, r.below(text.length + 1)) : text;
  const cut = r.below(damaged.length + 1);
  return r.chance(0.3) ? [damaged.slice(0, cut), damaged.slice(cut)] : [damaged];
};
const draw = (r: Random): Input => ({
  connections: Array.from({ length: 20 }, () => ({ pieces: pieces(r), aborts: r.chance(0.15) })),
  change: { after: r.below(20), to: r.pick(["nothing", "folder"]) },
});

/** Milliseconds: a server that waits for the rest of a request has said all that it will say. */
const QUIET = 30;
const PATIENCE = 5000;
/** Everything that the server answers. `whole`: until it ends the connection. */
const talk = (port: number, { pieces: parts, aborts }: Connection, whole = false): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let said = "";
    let quiet: NodeJS.Timeout | undefined;
    const done = (): void => {
      clearTimeout(quiet);
      socket.destroy();
      resolve(said);
    };
    const wait = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(done, whole ? PATIENCE : QUIET);
    };
    socket.on("error", done).on("close", done);
    socket.on("data", (bytes: Buffer) => {
      said += bytes.toString("latin1");
      wait();
    });
    socket.on("connect", () => {
      for (const part of parts) socket.write(Buffer.from(part, "latin1"));
      if (aborts) socket.resetAndDestroy();
      else wait();
    });
  });

const statuses = new Set([100, 200, 400, 403, 404, 405, 408, 413, 417, 431, 505]);
const asked = (port: number): Connection => ({
  pieces: [`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`],
  aborts: false,
});

/** The laws for one answer. `text`: what was sent. */
const lawOf = (text: string, answer: string): Finding | undefined => {
  const seen = JSON.stringify({ sent: text.slice(0, 500), answer: answer.slice(0, 500) });
  if (answer.includes(SECRET) || answer.includes("root:x:0:"))
    return { rule: "nothing outside of the folder is served", expected: "404", seen };
  for (const [, status] of answer.matchAll(/^HTTP\/1\.1 (\d+) /gm))
    if (!statuses.has(Number(status))) return { rule: "a status of a file server", expected: [...statuses].join(), seen };
  // One whole request with one name of another host.
  const names = [...text.matchAll(/^Host: (.*?)\r?$/gim)].map((match) => match[1] ?? "");
  const foreign = names.length > 0 && names.every((name) => name.toLowerCase().includes("evil"));
  if (foreign && /^HTTP\/1\.1 200 /m.test(answer)) return { rule: "another host's page reads nothing", expected: "403", seen };
  return undefined;
};

const check = (input: Input) =>
  inScratch(async (folder) => {
    const root = join(folder, "lab");
    mkdirSync(join(root, "sub"), { recursive: true });
    for (const [name, text] of Object.entries(served)) writeFileSync(join(root, name), text);
    writeFileSync(join(folder, "secret"), SECRET);
    const server = await serveLab({ folder: root, code: join(root, "no-such") }, new Map([[MEMORY, Buffer.from("{}")]]), 0);
    const port = Number(new URL(server.url).port);
    try {
      for (const [n, connection] of input.connections.entries()) {
        if (n === input.change.after) {
          rmSync(join(root, "sub", "run.json"), { recursive: true, force: true });
          if (input.change.to === "folder") mkdirSync(join(root, "sub", "run.json"));
        }
        const finding = lawOf(connection.pieces.join(""), await talk(port, connection));
        if (finding) return { inputs: n + 1, digest: "", finding: { ...finding, input: { ...input, connections: [connection] } } };
      }
      const last = await talk(port, asked(port), true);
      if (!last.startsWith("HTTP/1.1 200 ") || !last.endsWith(served["index.html"]))
        return {
          inputs: input.connections.length,
          digest: "",
          finding: { rule: "the server goes on", expected: "200 and the page", seen: last },
        };
      return noFinding(input.connections.length, digestOf(Buffer.from(last.replace(/^Date: .*$/m, ""), "latin1")));
    } finally {
      server.close();
    }
  });

export const lab = kind<Input>({
  summary: "damaged, hostile and interrupted requests to the lab's server",
  bounds: { seconds: 30, megabytes: 500 },
  draw,
  check,
  parts: { of: (input) => input.connections, with: (input, parts) => ({ ...input, connections: parts as readonly Connection[] }) },
});
