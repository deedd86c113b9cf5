#!/usr/bin/env node
// Debian's Firefox as playwright-core starts a browser. This program passes WebDriver BiDi on, and answers
// the commands that this Firefox lacks.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { WebSocket, WebSocketServer } from "ws";

const FIREFOX = "/usr/bin/firefox-esr";
/** Commands without an effect here: the result of each is empty. Colours are chosen in the page itself. */
const unknown = new Set(["emulation.setMediaFeaturesOverride"]);

const firefox = spawn(FIREFOX, process.argv.slice(2), { stdio: ["ignore", "inherit", "pipe"] });
firefox.once("exit", (code) => process.exit(code ?? 1));
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => firefox.kill(signal));

/** One connection of the driver, and its own to Firefox. */
const pass = (driver, url) => {
  const browser = new WebSocket(url, { maxPayload: 0, perMessageDeflate: false });
  const waiting = [];
  driver.on("message", (data) => {
    const text = data.toString();
    const { id, method } = JSON.parse(text);
    if (unknown.has(method)) driver.send(JSON.stringify({ type: "success", id, result: {} }));
    else if (browser.readyState === WebSocket.OPEN) browser.send(text);
    else waiting.push(text);
  });
  browser.on("open", () => {
    for (const text of waiting.splice(0)) browser.send(text);
  });
  browser.on("message", (data) => driver.send(data.toString()));
  browser.on("close", () => driver.close());
  browser.on("error", () => driver.close());
  driver.on("close", () => browser.close());
};

createInterface(firefox.stderr).on("line", (line) => {
  const [, url] = /WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? [];
  if (url === undefined) {
    process.stderr.write(`${line}\n`);
    return;
  }
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, maxPayload: 0 });
  server.on("connection", (driver, { url: path }) => pass(driver, url + path));
  server.on("listening", () => process.stderr.write(`WebDriver BiDi listening on ws://127.0.0.1:${server.address().port}\n`));
});
