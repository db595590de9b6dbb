// A small reader for JSON, and the one thing needed for writing it: a quoted text.
#ifndef CONCIERGE_JSON_H
#define CONCIERGE_JSON_H

#include "text.h"

/// What a value is.
typedef enum { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT } json_kind_t;

/// A value. Lists and objects are chains: `first` leads to the first item or field, and `next` from each to the one
/// beside it.
typedef struct json {
    json_kind_t kind;
    /// The name, where this is a field of an object.
    text_t name;
    /// The characters of a text, or a number as it was written.
    text_t text;
    struct json *first;
    struct json *next;
} json_t;

/// Reads a JSON text (RFC 8259), nested at most 127 deep. Returns NULL, and says in `complaint` why, when it is none.
/// The value lives as long as the arena and `source`.
const json_t *json_read(arena_t *arena, text_t source, text_t *complaint);

/// Reads a number without a fraction or an exponent, from `min` to `max`; false when it is something else.
bool json_whole(const json_t *value, int64_t min, int64_t max, int64_t *number);

/// Writes a text as JSON: in quotes, with everything outside ASCII as it is.
text_t json_quote(arena_t *arena, text_t content);

#endif
