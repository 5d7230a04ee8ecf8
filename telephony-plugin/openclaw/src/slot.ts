// The one sidecar of a gateway. The gateway loads this module several times, each with a state of
// its own, so the sidecar is found in the one place that all of them share.
import { Sidecar, type SidecarOptions } from "./sidecar.ts";
import { VERSION } from "./surfaces.gen.ts";

const KEY = Symbol.for("@openclaw/telephony/sidecar");

interface Slot {
  readonly version: string;
  readonly sidecar: Sidecar;
}

const shared = globalThis as typeof globalThis & { [KEY]?: Slot | undefined };

/** The sidecar that runs, if one of this version does. */
export function currentSidecar(): Sidecar | undefined {
  const slot = shared[KEY];
  return slot?.version === VERSION ? slot.sidecar : undefined;
}

/** The sidecar that runs, started when none does. */
export async function ensureSidecar(options: SidecarOptions): Promise<Sidecar> {
  const running = currentSidecar();
  if (running !== undefined) return running;
  // Of an earlier version, which an update has replaced.
  await releaseSidecar();
  // Somebody else may have been quicker while the earlier one ended.
  const quicker = currentSidecar();
  if (quicker !== undefined) return quicker;
  const sidecar = new Sidecar(options);
  shared[KEY] = { version: VERSION, sidecar };
  sidecar.start();
  return sidecar;
}

/** Ends the sidecar that runs; it is gone when this resolves. */
export async function releaseSidecar(): Promise<void> {
  const slot = shared[KEY];
  shared[KEY] = undefined;
  await slot?.sidecar.stop();
}
