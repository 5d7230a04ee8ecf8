// `openclaw telephony …`: each command goes to the gateway that runs, which says what is printed.
import type { OpenClawConfig, OpenClawPluginApi } from "openclaw/plugin-sdk/channel-core";
import { callGatewayFromCli } from "openclaw/plugin-sdk/gateway-runtime";
import { accountIds, recordOf, sectionOf } from "./accounts.ts";
import type { RunCommand } from "./protocol.gen.ts";
import { COMMANDS } from "./surfaces.gen.ts";

/** How long the gateway may take: a send waits for its carrier. */
const TIMEOUT_MS = "120000";

async function run(cfg: OpenClawConfig, typed: Pick<RunCommand, "command" | "words" | "options">): Promise<void> {
  const settings = {
    dmScope: cfg.session?.dmScope,
    heartbeat: cfg.agents?.defaults?.heartbeat?.every,
    ownerAllowFrom: cfg.commands?.ownerAllowFrom,
  };
  const params: RunCommand = { ...typed, accounts: accountIds(sectionOf(cfg)), settings };
  const options = { json: true, timeout: TIMEOUT_MS };
  const answer = recordOf(await callGatewayFromCli("telephony.command", options, params, { progress: false }));
  // Not by the console, which the host turns to standard error.
  process.stdout.write(`${String(answer["text"])}\n`);
  process.exitCode = Number(answer["exitCode"]);
}

export function registerCommands(api: OpenClawPluginApi): void {
  const { name, description, subcommands } = COMMANDS;
  api.registerCli(
    ({ program, config }) => {
      const root = program.command(name).description(description);
      for (const subcommand of subcommands) {
        const command = root.command(subcommand.name).description(subcommand.description);
        for (const argument of subcommand.arguments) command.argument(argument.flags, argument.description);
        for (const option of subcommand.options) command.option(option.flags, option.description);
        command.action(() => run(config, { command: subcommand.name, words: command.args, options: command.opts() }));
      }
    },
    { descriptors: [{ name, description, hasSubcommands: true }] },
  );
}
