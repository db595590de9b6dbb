// JSON from outside, of which nothing is known until it was looked at: each check tells the compiler what it found.

/** Tells whether a value is of a type. */
export type Check<T> = (value: unknown) => value is T;

export type JsonObject = Record<string, unknown>;

export const isObject: Check<JsonObject> = (value): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isText: Check<string> = (value) => typeof value === "string";

export const isFlag: Check<boolean> = (value) => typeof value === "boolean";

/** Beyond 53 bits JavaScript would silently take another number, so such a one is not taken for whole. */
export const isWhole: Check<number> = (value): value is number => Number.isSafeInteger(value);

export const isCount: Check<number> = (value): value is number => isWhole(value) && value >= 0;

export function isListOf<T>(isItem: Check<T>): Check<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(isItem);
}

export function isOptional<T>(isValue: Check<T>): Check<T | null> {
  return (value): value is T | null => value === null || isValue(value);
}

/**
 * Reads a JSON object.
 *
 * @throws an error when it is none
 */
export function readObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new TypeError("it is not an object");
  return value;
}

/**
 * Reads a field of an object, or gives the default where the object has none of this name.
 *
 * @throws an error when the field is of another type
 */
export function field<T>(object: JsonObject, name: string, check: Check<T>, missing: T): T {
  if (!Object.hasOwn(object, name)) return missing;
  const value = object[name];
  if (!check(value)) throw new TypeError(`${name} is not what it should be`);
  return value;
}

/** What a JSON text says, or `undefined` when it is no JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
