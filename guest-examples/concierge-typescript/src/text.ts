// Texts of people and operators. White space is what Unicode says it is, for every concierge in every language.

/** The text without white space around it. JavaScript's own `trim` takes U+FEFF for white space, and U+0085 not. */
export function trim(text: string): string {
  return text.match(/\P{White_Space}(?:.*\P{White_Space})?/su)?.[0] ?? "";
}

/** A text's beginning, counted in characters, so that no emoji is cut in two. */
export function beginning(text: string, characters: number): string {
  // A character takes at most two of JavaScript's units.
  const enough = Array.from(text.slice(0, 2 * characters));
  return enough.slice(0, characters).join("");
}

/** A text's first word, where it has one. */
export function firstWord(text: string): string | undefined {
  return text.match(/\P{White_Space}+/u)?.[0];
}

/** The words of a text in lower case, without the white space and the punctuation between them. */
export function words(text: string): string[] {
  const found: string[] = text.match(/[^\p{White_Space}!-/:-@[-`{-~]+/gu) ?? [];
  return found.map((word) => word.toLowerCase());
}

/** Splits a text at the first separator; without one, there is no second part. */
export function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
