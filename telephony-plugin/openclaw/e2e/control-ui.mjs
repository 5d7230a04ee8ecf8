// Opens the gateway's Control UI in a headless browser and looks at the form of our channel, by the
// DevTools protocol: node control-ui.mjs <browser> <url> <token> <profile>
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [browser, url, token, profile] = process.argv.slice(2);
const PATIENCE_MS = 60_000;

mkdirSync(profile, { recursive: true });
const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-port=0"];
const child = spawn(browser, [...flags, `--user-data-dir=${profile}`, "about:blank"], { stdio: "ignore" });
process.once("exit", () => child.kill("SIGKILL"));

/** Waits until something is there. */
async function until(what, find) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
    await sleep(200);
  }
}

const port = await until("the browser's port", () => {
  try {
    return readFileSync(path.join(profile, "DevToolsActivePort"), "utf8").split("\n")[0];
  } catch {
    return undefined;
  }
});
const [page] = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
const socket = new WebSocket(page.webSocketDebuggerUrl);
await new Promise((resolve, reject) => {
  socket.onopen = resolve;
  socket.onerror = reject;
});
const waiting = new Map();
socket.onmessage = ({ data }) => {
  const { id, result } = JSON.parse(data);
  waiting.get(id)?.(result);
  waiting.delete(id);
};
let last = 0;
function command(method, params = {}) {
  const id = ++last;
  socket.send(JSON.stringify({ id, method, params }));
  return new Promise((resolve) => waiting.set(id, resolve));
}

/** Evaluates an expression in the page. */
async function look(expression) {
  const { result, exceptionDetails } = await command("Runtime.evaluate", { expression, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

// Everything that is shown, through all shadow roots.
const SHOWN = `(() => {
  const texts = [], inputs = [], links = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE && node.textContent.trim()) texts.push(node.textContent.trim());
    if (node instanceof HTMLInputElement) inputs.push({ type: node.type, value: node.value, label: node.getAttribute("aria-label") ?? node.name ?? node.placeholder });
    if (node instanceof HTMLAnchorElement) links.push(node.getAttribute("href"));
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.childNodes) walk(child);
  };
  if (document.body) walk(document.body);
  return { texts, inputs, links, path: location.href };
})()`;

await command("Page.enable");
await command("Page.navigate", { url: `${url}settings/channels#token=${encodeURIComponent(token)}` });
const wanted = ["From number", "Inbound policy", "Auth token"];
let shown;
try {
  await until("the channel's form", async () => {
    // While the page changes there is nothing to look at.
    shown = await look(SHOWN).catch(() => undefined);
    if (shown === undefined) return false;
    const text = shown.texts.join("\n").toLowerCase();
    if (process.env.SHOW) console.error(text.slice(0, 3000), shown.path);
    return wanted.every((label) => text.includes(label.toLowerCase()));
  });
} catch (error) {
  console.error(error.message, String(JSON.stringify(shown)).slice(0, 3000));
  process.exit(1);
}
console.log(`the form shows ${wanted.join(", ")}`);
process.exit(0);
