// A server for the built lab: files of one folder and of memory, to this computer alone.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, relative, sep } from "node:path";
import { Problem } from "../../problem.ts";
import type { LabFolders } from "../lab-folder.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
};
/** A page of another name that leads here must not read the run. */
const isOurs = (host: string | undefined): boolean => /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host ?? "");

/** A running server of the lab on the loopback address. */
export interface LabServer {
  /** With a slash at its end. */
  readonly url: string;
  close(): void;
}

/** The files of the folder by the names of their URLs. A request can name these and reaches no other. */
const filesOf = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isFile() ? [[relative(folder, path).split(sep).join("/"), path]] : [];
    }),
  );
/**
 * The name in dist/bundle of generated code that the built page names. A package has this code once: the
 * files of the page are left out.
 */
const bundled = (name: string): string | undefined => {
  const stem = /^assets\/([a-z]+\d*)-[\w-]{8}\.(?:wasm|bin)$/.exec(name)?.[1];
  return stem && `${stem}.bin`;
};
/** The name that a request's path has, or undefined if the path is damaged. */
const nameOf = (url: string): string | undefined => {
  try {
    return decodeURIComponent(new URL(url, "http://localhost").pathname).replace(/^\/+/, "") || "index.html";
  } catch {
    return undefined;
  }
};
/** The content of a file; undefined if it is gone since the start. */
const contentOf = (path: string | undefined): Uint8Array | undefined => {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
};

/**
 * Starts the server. `folder` and `code`: the built page, and generated code that it shares with the command
 * line. `files`: more files by name.
 *
 * @throws {Problem} The port is taken.
 */
export const serveLab = async ({ folder, code }: LabFolders, files: ReadonlyMap<string, Uint8Array>, port: number): Promise<LabServer> => {
  const paths = filesOf(folder);
  const codePaths = existsSync(code) ? filesOf(code) : new Map<string, string>();
  const server: Server = createServer(({ method, url = "/", headers }, response) => {
    // The browser may end the connection at any time.
    response.on("error", () => {});
    const refuse = (status: number): void => void response.writeHead(status, { "Content-Type": "text/plain" }).end(`${status}\n`);
    if (!isOurs(headers.host)) return refuse(403);
    if (method !== "GET" && method !== "HEAD") return refuse(405);
    const name = nameOf(url);
    if (name === undefined) return refuse(400);
    const bytes = files.get(name) ?? contentOf(paths.get(name) ?? codePaths.get(bundled(name) ?? ""));
    if (!bytes) return refuse(404);
    response.writeHead(200, {
      "Content-Type": types[extname(name)] ?? "application/octet-stream",
      "Content-Length": bytes.length,
      "Cache-Control": "no-cache",
      "Cross-Origin-Resource-Policy": "same-origin",
      "X-Content-Type-Options": "nosniff",
    });
    response.end(method === "HEAD" ? undefined : bytes);
  });
  await new Promise<void>((done, failed) => {
    server.once("error", (cause) =>
      failed(new Problem("host", `port ${port} cannot be used: ${cause.message}`, { help: "--port 0 takes any free one", cause })),
    );
    server.listen(port, "127.0.0.1", done);
  });
  // Later errors are those of single connections, such as a process without free descriptors.
  server.removeAllListeners("error").on("error", () => {});
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

/** @throws {Problem} There is no built lab in the folder. */
export const checkLab = (folder: string): void => {
  if (!existsSync(join(folder, "index.html")))
    throw new Problem("host", "this copy of trapgate has no built lab", { help: "in the repository `npm run lab:build` makes it" });
};
