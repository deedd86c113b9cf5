// xterm.js for a program whose standard streams are a terminal. Loaded at its first use.
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";

export const openTerminal = (host: HTMLElement, send: (input: unknown) => void) => {
  const terminal = new Terminal({
    fontFamily: "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    fontSize: 13,
    screenReaderMode: true,
    theme: { background: "#11151c", foreground: "#d7dde8" },
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(host);
  fit.fit();
  const encoder = new TextEncoder();
  terminal.onData((text) => send({ kind: "bytes", bytes: encoder.encode(text) }));
  // Tab belongs to the program: Shift+Tab leaves the terminal.
  terminal.attachCustomKeyEventHandler((event) => !(event.key === "Tab" && event.shiftKey));
  const size = () => ({ columns: terminal.cols, rows: terminal.rows });
  terminal.onResize(() => send({ kind: "resize", ...size() }));
  const watch = new ResizeObserver(() => fit.fit());
  watch.observe(host);
  return {
    size,
    write: (bytes: Uint8Array | string): void => terminal.write(bytes),
    clear: (): void => terminal.reset(),
    focus: (): void => terminal.focus(),
    dispose: (): void => {
      watch.disconnect();
      terminal.dispose();
    },
  };
};
