// How the operator configured this bot: the registration's `metadata` object. Everything has a default.
//
// Khoros takes no object and no list within `metadata`, so each setting is a text or a number.

import { readHours } from "./hours.js";
import { splitOnce, trim, words } from "./text.js";

/** How many treatments are offered at most: no network shows longer lists well. */
const TREATMENTS_MAX = 10;

/** The configuration as an operator would write it. */
const DEFAULTS = {
  // The house's name.
  house: "Lantern House",
  // When it is open.
  hours: "mon-fri 09:00-18:00, sat 10:00-16:00",
  // How far the house's clock is ahead of UTC, in minutes.
  "utc-offset-minutes": 0,
  // What can be booked: an id that comes back with the choice, a name, and a word about it, which may be left out.
  treatments:
    "hot-stone = Hot stone massage, 60 minutes 🪨; forest-bath = Forest bath, 45 minutes 🌲; tea-ritual = Tea ritual, 30 minutes 🍵",
  // The platform's tag for conversations that ask for a person. Khoros' tags are numbers.
  "tag-person": null,
  // The platform's tag for conversations in which something was chosen.
  "tag-booking": null,
};

/** What reads each of them, in this order: so the first that is wrong is complained about. */
const READERS = [
  { name: "house", key: "house", reads: text },
  { name: "hours", key: "hours", reads: (written, name) => readHours(written[name]) },
  { name: "utc-offset-minutes", key: "utcOffsetMinutes", reads: integer },
  { name: "treatments", key: "treatments", reads: (written, name) => readTreatments(text(written, name)) },
  { name: "tag-person", key: "tagPerson", reads: tag },
  { name: "tag-booking", key: "tagBooking", reads: tag },
];

/** The defaults, read. A module's top runs when the bot is built, so this costs nothing in a turn. */
const DEFAULT_SETTINGS = read(DEFAULTS, {});

/** Reads the configuration. A broken one must not silence the bot: it gets the defaults and a complaint for the log. */
export function readSettings(config) {
  try {
    return { settings: read(JSON.parse(config), DEFAULT_SETTINGS), complaint: null };
  } catch (error) {
    return { settings: DEFAULT_SETTINGS, complaint: `the configuration is not used: ${error.message}` };
  }
}

/** Reads what is configured, and takes the rest as it is. */
function read(config, rest) {
  if (config === null || typeof config !== "object" || Array.isArray(config)) {
    throw new TypeError("it is not an object");
  }
  const configured = READERS.filter(({ name }) => Object.hasOwn(config, name));
  return { ...rest, ...Object.fromEntries(configured.map(({ name, key, reads }) => [key, reads(config, name)])) };
}

function text(written, name) {
  if (typeof written[name] !== "string") throw new TypeError(`${name} is not a text`);
  return written[name];
}

/** Beyond 53 bits JavaScript would silently take another number, so such a one is refused. */
function integer(written, name) {
  if (!Number.isSafeInteger(written[name])) throw new TypeError(`${name} is not a whole number`);
  return written[name];
}

function tag(written, name) {
  if (written[name] === null) return null;
  if (integer(written, name) < 0) throw new RangeError(`${name} is less than 0`);
  return String(written[name]);
}

function readTreatments(text) {
  const entries = text.split(";").map(trim);
  return entries
    .filter((entry) => entry !== "")
    .slice(0, TREATMENTS_MAX)
    .map(readTreatment);
}

function readTreatment(entry) {
  const [id, name] = splitOnce(entry, "=").map((part) => trim(part ?? ""));
  const [title, subtitle] = splitOnce(name, ",").map((part) => trim(part ?? ""));
  // The host refuses a choice without an id or a title, and with it the whole answer.
  if (id === "" || title === "") {
    throw new RangeError(`"${entry}" is not a treatment such as "tea-ritual = Tea ritual, 30 minutes"`);
  }
  return { id, title, subtitle: subtitle || null, words: words(title) };
}
