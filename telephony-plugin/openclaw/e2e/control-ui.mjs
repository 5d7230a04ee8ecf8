// Opens the gateway's Control UI in a headless browser and looks at the form of our channel, by the
// DevTools protocol: node control-ui.mjs <browser> <url> <token> <profile> <number> <secret>
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [browser, url, token, profile, number, secret] = process.argv.slice(2);
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

// What is shown, and what can be filled in, through all shadow roots.
const SHOWN = `(() => {
  const texts = [], fields = [];
  const walk = (node) => {
    if (node.nodeName === "SCRIPT" || node.nodeName === "STYLE") return;
    if (node.nodeType === Node.TEXT_NODE && node.textContent.trim()) texts.push(node.textContent.trim());
    if (node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement) {
      const { type, value, placeholder, readOnly } = node;
      fields.push({ label: node.getAttribute("aria-label"), type, value, placeholder, readOnly });
    }
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.childNodes) walk(child);
  };
  if (document.body) walk(document.body);
  return { texts, fields };
})()`;

/** Clicks the innermost element of a text. */
const click = (text) => `(() => {
  let found;
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE && node.textContent.trim() === ${JSON.stringify(text)}) found = node.parentElement;
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.childNodes) walk(child);
  };
  walk(document.body);
  found?.click();
  return found !== undefined;
})()`;

// While the page changes there may be nothing to look at.
const tryLook = (expression) => look(expression).catch(() => undefined);

await command("Page.enable");
await command("Page.navigate", { url: `${url}settings/channels#token=${encodeURIComponent(token)}` });
await until("the channel's card", () => tryLook(click("Open details")));
const isFilled = ({ label, value }) => label === "From number" && value === number;
const shown = await until("the channel's form, with its number", async () => {
  const now = await tryLook(SHOWN);
  return now?.fields.some(isFilled) ? now : undefined;
});
const { texts, fields } = shown;
const check = (isTrue, claim) => {
  if (isTrue) return console.log(claim);
  console.error(`not so: ${claim}\n${JSON.stringify({ texts, fields })}`);
  process.exit(1);
};
const labels = ["Provider", "From number", "Inbound policy", "Public URL", "Account SID", "API key", "Auth ID"];
check(labels.every((label) => texts.includes(label)), "the form has the labels of our schema");
const masked = fields.filter(({ label, readOnly, value }) => label === "Auth token" && readOnly && value === "");
check(masked.length === 1, "the secret that is set is masked");
check(!JSON.stringify(shown).includes(secret), "the secret is nowhere on the page");
check(!texts.includes("Segments per reply"), "advanced keys are put away");
await look(click("Advanced settings"));
await until("the advanced keys", async () => (await look(SHOWN)).texts.includes("Segments per reply"));
console.log("and are shown when asked for");
process.exit(0);
