// `openclaw telephony …`: each command asks the gateway that runs.
import type { OpenClawConfig, OpenClawPluginApi } from "openclaw/plugin-sdk/channel-core";
import { callGatewayFromCli } from "openclaw/plugin-sdk/gateway-runtime";
import { accountIds, recordOf, sectionOf } from "./accounts.ts";
import { COMMANDS } from "./surfaces.gen.ts";
import { isRecord, messageOf } from "./transport.ts";

/** How long the gateway may take: a send waits for its carrier. */
const TIMEOUT_MS = "120000";

type Options = Readonly<Record<string, unknown>>;

async function ask(method: string, params: object): Promise<unknown> {
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  const options = { json: true, timeout: TIMEOUT_MS };
  return await callGatewayFromCli(method, options, Object.fromEntries(given), { progress: false });
}

/** Prints an answer; a send that did not succeed makes the command fail. */
function print(answer: unknown, options: Options): void {
  const outcome = isRecord(answer) ? answer["outcome"] : undefined;
  const isPerhaps = outcome === "unknown" || outcome === "partial";
  if (outcome !== undefined && outcome !== "sent") process.exitCode = isPerhaps ? 3 : 1;
  // Not by the console, which the host turns to standard error.
  process.stdout.write(`${options["json"] ? JSON.stringify(answer) : readable(answer)}\n`);
}

/** An answer in lines for people. */
export function readable(answer: unknown, indent = ""): string {
  if (!isRecord(answer) && !Array.isArray(answer)) return `${indent}${String(answer)}`;
  const shown = Object.entries(answer).filter(([, value]) => value !== null && value !== undefined);
  const lines = shown.map(([key, value]) => {
    const isNested = typeof value === "object";
    return isNested ? `${indent}${key}:\n${readable(value, `${indent}  `)}` : `${indent}${key}: ${String(value)}`;
  });
  return lines.join("\n");
}

/** What is worth knowing before going live, of what the configuration leaves open. */
export function notes(cfg: OpenClawConfig): string[] {
  const found: string[] = [];
  if (cfg.session?.dmScope === undefined) {
    found.push('all direct messages share one session: set session.dmScope to "per-account-channel-peer"');
  }
  if (cfg.agents?.defaults?.heartbeat?.every === undefined) {
    found.push('the default heartbeat texts people by itself: set agents.defaults.heartbeat.every, to "0m" for none');
  }
  if (cfg.commands?.ownerAllowFrom === undefined) {
    found.push("the first approved sender becomes the command owner: set commands.ownerAllowFrom");
  }
  return found;
}

async function doctor(cfg: OpenClawConfig, options: Options): Promise<void> {
  const failed = (error: unknown): object => ({ ok: false, error: messageOf(error) });
  const probes = accountIds(sectionOf(cfg)).map(async (accountId) => {
    return { accountId, ...recordOf(await ask("telephony.account.probe", { accountId }).catch(failed)) };
  });
  const accounts = await Promise.all(probes);
  const status = await ask("telephony.status", {}).catch(failed);
  print({ accounts, notes: notes(cfg), status }, options);
  if (accounts.some((account) => !("ok" in account) || account.ok !== true)) process.exitCode = 1;
}

type Action = (cfg: OpenClawConfig, words: readonly string[], options: Options) => Promise<void>;

const ACTIONS: Readonly<Record<(typeof COMMANDS.subcommands)[number]["name"], Action>> = {
  send: async (_, [to, message], options) => {
    const { media: mediaUrl, account: accountId } = options;
    const method = mediaUrl === undefined ? "telephony.send" : "telephony.send_mms";
    print(await ask(method, { to, message, mediaUrl, accountId }), options);
  },
  call: async (_, [to], options) => {
    const { say: message, url: webhookUrl, account: accountId } = options;
    print(await ask("telephony.call", { to, message, webhookUrl, accountId }), options);
  },
  status: async (_, [id], options) => {
    const accountId = options["account"];
    const isAboutAll = id === undefined;
    print(await ask(isAboutAll ? "telephony.status" : "telephony.message_status", isAboutAll ? {} : { id, accountId }), options);
  },
  doctor: (cfg, _, options) => doctor(cfg, options),
};

export function registerCommands(api: OpenClawPluginApi): void {
  const { name, description, subcommands } = COMMANDS;
  api.registerCli(
    ({ program, config }) => {
      const root = program.command(name).description(description);
      for (const subcommand of subcommands) {
        const command = root.command(subcommand.name).description(subcommand.description);
        for (const argument of subcommand.arguments) command.argument(argument.flags, argument.description);
        for (const option of subcommand.options) command.option(option.flags, option.description);
        command.action(async () => {
          const action = ACTIONS[subcommand.name];
          await action(config, command.args, command.opts());
        });
      }
    },
    { descriptors: [{ name, description, hasSubcommands: true }] },
  );
}
