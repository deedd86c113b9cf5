// The lab's page.
import "./no-eval.ts";
import { render } from "preact";
import { begin } from "./state/session.ts";
import { machines } from "./state/workers.ts";
import "./style/base.css";
import "./style/page.css";
import "./style/lanes.css";
import "./style/detail.css";
import "./style/narrow.css";
import { App } from "./view/app.tsx";

// The worker loads while the page is drawn.
machines.a.warm();
render(<App />, document.getElementById("app") as HTMLElement);
void begin();
if ("serviceWorker" in navigator && location.protocol !== "file:")
  void navigator.serviceWorker.register("service-worker.js").catch(() => {});
