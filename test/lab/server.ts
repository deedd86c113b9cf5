// A static file server as any host has: a folder behind a path prefix, with or without the headers of
// cross-origin isolation.
import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

export interface Site {
  readonly url: string;
  /** Compressed bytes that have been sent. */
  readonly sent: () => number;
  /** Files of the folder that were sent, with their compressed bytes, in their order. */
  readonly files: { readonly name: string; readonly bytes: number }[];
  /** Files that lie beside the folder, by their path. */
  readonly extra: Map<string, { readonly type: string; readonly body: string | Uint8Array }>;
  /** The next text that a page posts to /report. */
  report(): Promise<string>;
  /** From now on every request fails, as without a network. */
  goOffline(): void;
  close(): void;
}

export const serveFolder = async (folder: string, options: { readonly prefix: string; readonly isolated: boolean }): Promise<Site> => {
  let sent = 0;
  const files: Site["files"] = [];
  let isOffline = false;
  let reported: ((text: string) => void) | undefined;
  const extra: Site["extra"] = new Map();
  const packed = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    if (isOffline) return void request.socket.destroy();
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/report") {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => reported?.(Buffer.concat(parts).toString()));
      return void response.writeHead(204).end();
    }
    const beside = extra.get(pathname);
    if (beside) {
      const body = Buffer.from(beside.body as string);
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
      const part = from === undefined ? body : body.subarray(Number(from), Number(to) + 1);
      sent += part.length;
      const range = from === undefined ? {} : { "Content-Range": `bytes ${from}-${Number(from) + part.length - 1}/${body.length}` };
      const headers = { "Content-Type": beside.type, "Content-Length": part.length, ETag: '"1"', ...range };
      return void response.writeHead(from === undefined ? 200 : 206, headers).end(part);
    }
    const inside = pathname.startsWith(options.prefix) ? normalize(pathname.slice(options.prefix.length)) : "..";
    const file = join(folder, inside === "." || inside === "" ? "index.html" : inside);
    if (inside.startsWith("..") || !statSync(file, { throwIfNoEntry: false })?.isFile())
      return void response.writeHead(404).end("not here");
    let body = packed.get(file);
    if (!body) packed.set(file, (body = gzipSync(readFileSync(file))));
    sent += body.length;
    files.push({ name: inside === "." || inside === "" ? "index.html" : inside, bytes: body.length });
    const headers = {
      "Content-Type": types[extname(file)] ?? "application/octet-stream",
      "Content-Encoding": "gzip",
      "Cache-Control": inside.startsWith("assets/") ? "max-age=31536000, immutable" : "no-cache",
    };
    response.writeHead(200, options.isolated ? { ...headers, ...isolation } : headers).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${options.prefix}`,
    sent: () => sent,
    files,
    extra,
    report: () =>
      new Promise((done) => {
        reported = done;
      }),
    goOffline: () => {
      isOffline = true;
      server.closeAllConnections();
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
