// Texts of people and operators. White space is what Unicode says it is, for every concierge in every language.

/** The text without white space around it. JavaScript's own `trim` takes U+FEFF for white space, and U+0085 not. */
export function trim(text) {
  return text.match(/\P{White_Space}(?:.*\P{White_Space})?/su)?.[0] ?? "";
}

/** A text's beginning, counted in characters, so that no emoji is cut in two. */
export function beginning(text, characters) {
  // A character takes at most two of JavaScript's units.
  const enough = Array.from(text.slice(0, 2 * characters));
  return enough.slice(0, characters).join("");
}

/** A text's first word, or `null` when it has none. */
export function firstWord(text) {
  return text.match(/\P{White_Space}+/u)?.[0] ?? null;
}

/** The words of a text in lower case, without the white space and the punctuation between them. */
export function words(text) {
  const found = text.match(/[^\p{White_Space}!-/:-@[-`{-~]+/gu) ?? [];
  return found.map((word) => word.toLowerCase());
}

/** Splits a text at the first separator; the second part is `null` when there is none. */
export function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** What a JSON text says, or `undefined` when it is no JSON. */
export function readJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
