// Found by its name: where the host looks up which of our keys are secrets.
export {
  channelSecrets,
  collectRuntimeConfigAssignments,
  secretTargetRegistryEntries,
} from "./src/secrets.ts";
