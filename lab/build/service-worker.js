// The lab without a network. All files of one build are cached together, and a page gets its files from one
// build only.
const version = "VERSION";
const files = ["FILES"];
/** Files that not every copy has. */
const shell = files.filter((file) => file.startsWith("shell/"));
const name = `trapgate-lab-${version}`;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(name)
      .then(async (cache) => {
        await cache.addAll(["./", ...files.filter((file) => !shell.includes(file))]);
        await cache.addAll(shell).catch(() => {});
      })
      .then(() => self.skipWaiting()),
  );
});
self.addEventListener("activate", (event) => {
  const others = caches.keys().then((keys) => keys.filter((key) => key.startsWith("trapgate-lab-") && key !== name));
  event.waitUntil(others.then((keys) => Promise.all(keys.map((key) => caches.delete(key)))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  // The page itself comes from the network if there is one: so a new build is seen.
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match("./", { ignoreSearch: true })));
    return;
  }
  event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
});
