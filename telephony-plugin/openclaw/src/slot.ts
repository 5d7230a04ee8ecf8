// The one sidecar of a gateway. The gateway loads this module several times, each with a state of
// its own, so the sidecar is found in the one place that all of them share.
import { type Call, Sidecar, type SidecarOptions } from "./sidecar.ts";
import { VERSION } from "./surfaces.gen.ts";
import { ClosedError } from "./transport.ts";

const KEY = Symbol.for("@openclaw/telephony/sidecar");

/** Other versions of this file read it too: its shape stays. */
interface Slot {
  readonly version: string;
  readonly sidecar: Sidecar;
  /** The loads of this module that hold it. It ends with the last of them. */
  readonly holders: Set<symbol>;
  /** Set once it is ending, and resolves when it has ended. */
  ended?: Promise<void>;
}

const shared: typeof globalThis & { [KEY]?: Slot | undefined } = globalThis;

/** This load of the module. */
const SELF = Symbol("telephony");

/** The sidecar that runs. */
export function currentSidecar(): Sidecar {
  const slot = shared[KEY];
  if (slot === undefined || slot.ended !== undefined) {
    const what = "the telephony channel is not running: start the gateway (`openclaw gateway`), with channels.telephony enabled";
    throw new ClosedError(false, what);
  }
  if (slot.version !== VERSION) {
    throw new ClosedError(false, "telephony was updated: restart the gateway (`openclaw gateway restart`)");
  }
  return slot.sidecar;
}

/** Asks the sidecar that runs. */
export const callSidecar: Call = async (method, params) => await currentSidecar().call(method, params);

/** The sidecar that runs, held by this load of the module; started when none does. */
export async function holdSidecar(options: SidecarOptions): Promise<Sidecar> {
  for (let slot = shared[KEY]; slot !== undefined; slot = shared[KEY]) {
    if (slot.version === VERSION && slot.ended === undefined) {
      slot.holders.add(SELF);
      return slot.sidecar;
    }
    // Two of them would want the same port, state and messages.
    await end(slot);
  }
  const sidecar = new Sidecar(options);
  shared[KEY] = { version: VERSION, sidecar, holders: new Set([SELF]) };
  sidecar.start();
  return sidecar;
}

/** Lets go of the sidecar. Unless another load holds it, it is gone when this resolves. */
export async function releaseSidecar(): Promise<void> {
  const slot = shared[KEY];
  slot?.holders.delete(SELF);
  if (slot?.holders.size === 0) await end(slot);
}

async function end(slot: Slot): Promise<void> {
  slot.ended ??= slot.sidecar.stop().finally(() => {
    if (shared[KEY] === slot) shared[KEY] = undefined;
  });
  await slot.ended;
}
