// How the operator configured this bot: the registration's `metadata` object. Everything has a default.
//
// Khoros takes no object and no list within `metadata`, so each setting is a text or a number.

import { Hours } from "./hours.ts";
import { field, isCount, isOptional, isText, isWhole, readObject, type JsonObject } from "./json.ts";
import { splitOnce, trim, words } from "./text.ts";

/** How many treatments are offered at most: no network shows longer lists well. */
const TREATMENTS_MAX = 10;

const HOURS = "mon-fri 09:00-18:00, sat 10:00-16:00";

const TREATMENTS =
  "hot-stone = Hot stone massage, 60 minutes 🪨; forest-bath = Forest bath, 45 minutes 🌲; tea-ritual = Tea ritual, 30 minutes 🍵";

/** The configuration. */
export interface Settings {
  /** The house's name. */
  readonly house: string;
  /** When it is open. */
  readonly hours: Hours;
  /** How far the house's clock is ahead of UTC. */
  readonly utcOffsetMinutes: number;
  /** What can be booked. */
  readonly treatments: readonly Treatment[];
  /** The platform's tag for conversations that ask for a person. Khoros' tags are numbers. */
  readonly tagPerson: number | null;
  /** The platform's tag for conversations in which something was chosen. */
  readonly tagBooking: number | null;
}

/** Something to book. */
export interface Treatment {
  /** Comes back with the choice. */
  readonly id: string;
  /** Its name. */
  readonly title: string;
  /** A word about it. */
  readonly subtitle: string | undefined;
  /** Its name, as it is found in what a customer says. */
  readonly words: readonly string[];
}

/** The defaults. A module's top runs when the bot is built, so this costs nothing in a turn. */
const DEFAULTS: Settings = {
  house: "Lantern House",
  hours: Hours.read(HOURS),
  utcOffsetMinutes: 0,
  treatments: readTreatments(TREATMENTS),
  tagPerson: null,
  tagBooking: null,
};

/** Reads the configuration. A broken one must not silence the bot: it gets the defaults and a complaint for the log. */
export function readSettings(config: string): { settings: Settings; complaint?: string } {
  try {
    return { settings: read(readObject(config)) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    return { settings: DEFAULTS, complaint: `the configuration is not used: ${reason}` };
  }
}

function read(config: JsonObject): Settings {
  return {
    house: field(config, "house", isText, DEFAULTS.house),
    hours: config.hours === undefined ? DEFAULTS.hours : Hours.read(config.hours),
    utcOffsetMinutes: field(config, "utc-offset-minutes", isWhole, DEFAULTS.utcOffsetMinutes),
    treatments: Object.hasOwn(config, "treatments")
      ? readTreatments(field(config, "treatments", isText, TREATMENTS))
      : DEFAULTS.treatments,
    tagPerson: field(config, "tag-person", isOptional(isCount), DEFAULTS.tagPerson),
    tagBooking: field(config, "tag-booking", isOptional(isCount), DEFAULTS.tagBooking),
  };
}

function readTreatments(text: string): Treatment[] {
  const entries = text.split(";").map(trim);
  return entries
    .filter((entry) => entry !== "")
    .slice(0, TREATMENTS_MAX)
    .map(readTreatment);
}

function readTreatment(entry: string): Treatment {
  const [id, name = ""] = splitOnce(entry, "=");
  const [title, subtitle = ""] = splitOnce(name, ",");
  const treatment = { id: trim(id), title: trim(title), subtitle: trim(subtitle) || undefined, words: words(title) };
  // The host refuses a choice without an id or a title, and with it the whole answer.
  if (treatment.id === "" || treatment.title === "") {
    throw new RangeError(`"${entry}" is not a treatment such as "tea-ritual = Tea ritual, 30 minutes"`);
  }
  return treatment;
}
