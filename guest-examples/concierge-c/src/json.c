// A small reader for JSON, and the one thing needed for writing it: a quoted text.
//
// What it reads may come from anywhere, so it takes nothing for granted: no byte is looked at before the bounds are,
// and the depth has a limit, since each level takes a piece of the stack.
#include "json.h"

#include <string.h>

enum { DEPTH_MAX = 127 };

/// Where the reader is.
typedef struct {
    arena_t *arena;
    text_t source;
    size_t at;
    /// What is wrong with the source; NULL while all is well.
    const char *complaint;
} reader_t;

static bool read_value(reader_t *reader, json_t *value, int depth);

static bool fail(reader_t *reader, const char *complaint) {
    reader->complaint = complaint;
    return false;
}

/// The next byte; a NUL at the end, since a NUL within the source is no JSON either.
static char peek(const reader_t *reader) {
    return reader->at < reader->source.bytes ? reader->source.at[reader->at] : '\0';
}

/// Goes past `wanted`, where it is next.
static bool skip(reader_t *reader, char wanted) {
    if (peek(reader) != wanted) return false;
    reader->at++;
    return true;
}

static void skip_space(reader_t *reader) {
    while (skip(reader, ' ') || skip(reader, '\n') || skip(reader, '\r') || skip(reader, '\t')) {}
}

static bool skip_digits(reader_t *reader) {
    size_t from = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9') reader->at++;
    return reader->at > from;
}

static bool read_word(reader_t *reader, json_t *value, const char *word, json_kind_t kind) {
    value->kind = kind;
    for (; *word != '\0'; word++) {
        if (!skip(reader, *word)) return fail(reader, "not a value");
    }
    return true;
}

static bool read_number(reader_t *reader, json_t *value) {
    size_t from = reader->at;
    skip(reader, '-');
    bool right = skip(reader, '0') || skip_digits(reader);
    if (right && skip(reader, '.')) right = skip_digits(reader);
    if (right && (skip(reader, 'e') || skip(reader, 'E'))) {
        if (!skip(reader, '+')) skip(reader, '-');
        right = skip_digits(reader);
    }
    value->kind = JSON_NUMBER;
    value->text = (text_t){reader->source.at + from, reader->at - from};
    return right || fail(reader, "not a number");
}

/// Reads the four digits of `\u1234`.
static bool read_hex(reader_t *reader, uint32_t *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++, reader->at++) {
        char c = peek(reader);
        if (c >= '0' && c <= '9') *unit = *unit << 4 | (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f') *unit = *unit << 4 | (uint32_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F') *unit = *unit << 4 | (uint32_t)(c - 'A' + 10);
        else return fail(reader, "an escape without its four digits");
    }
    return true;
}

/// Reads what follows `\u`: a unit of UTF-16, or the two of a pair. Half a pair is no character.
static bool read_unicode(reader_t *reader, uint32_t *character) {
    uint32_t low;
    if (!read_hex(reader, character)) return false;
    if (*character < 0xD800 || *character > 0xDFFF) return true;
    if (*character > 0xDBFF || !skip(reader, '\\') || !skip(reader, 'u')) return fail(reader, "half a character");
    if (!read_hex(reader, &low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return fail(reader, "half a character");
    *character = 0x10000 + ((*character - 0xD800) << 10) + (low - 0xDC00);
    return true;
}

/// Reads what follows a backslash.
static bool read_escape(reader_t *reader, uint32_t *character) {
    if (skip(reader, 'u')) return read_unicode(reader, character);
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *name = memchr(names, peek(reader), sizeof names - 1);
    if (name == NULL) return fail(reader, "an unknown escape");
    *character = (uint32_t)meanings[name - names];
    reader->at++;
    return true;
}

/// How many bytes there are before the quote that ends a text.
static size_t bytes_to_quote(const reader_t *reader) {
    size_t at = reader->at, end = reader->source.bytes;
    while (at < end && reader->source.at[at] != '"') at += reader->source.at[at] == '\\' ? 2 : 1;
    return (at < end ? at : end) - reader->at;
}

static bool read_text(reader_t *reader, text_t *content) {
    if (!skip(reader, '"')) return fail(reader, "a text is missing here");
    // What an escape stands for is never longer than the escape.
    char *out = arena_take(reader->arena, bytes_to_quote(reader));
    size_t bytes = 0;
    while (!skip(reader, '"')) {
        uint32_t character;
        if (reader->at == reader->source.bytes) return fail(reader, "a text without its end");
        if ((unsigned char)peek(reader) < ' ') return fail(reader, "a control character within a text");
        if (!skip(reader, '\\')) out[bytes++] = reader->source.at[reader->at++];
        else if (read_escape(reader, &character)) bytes += text_encode(character, out + bytes);
        else return false;
    }
    *content = (text_t){out, bytes};
    return true;
}

static bool read_name(reader_t *reader, text_t *name) {
    skip_space(reader);
    if (!read_text(reader, name)) return false;
    skip_space(reader);
    return skip(reader, ':') || fail(reader, "a colon is missing here");
}

/// Reads the rest of a list or of an object, whose opening bracket has been read.
static bool read_members(reader_t *reader, json_t *whole, json_kind_t kind, int depth) {
    char closing = kind == JSON_OBJECT ? '}' : ']';
    json_t **end = &whole->first;
    whole->kind = kind;
    if (depth == DEPTH_MAX) return fail(reader, "nested too deep");
    skip_space(reader);
    if (skip(reader, closing)) return true;
    do {
        json_t *member = arena_take(reader->arena, sizeof *member);
        if (kind == JSON_OBJECT && !read_name(reader, &member->name)) return false;
        if (!read_value(reader, member, depth + 1)) return false;
        *end = member;
        end = &member->next;
    } while (skip(reader, ','));
    return skip(reader, closing) || fail(reader, "a comma or a closing bracket is missing here");
}

static bool read_one(reader_t *reader, json_t *value, int depth) {
    switch (peek(reader)) {
    case '{': reader->at++; return read_members(reader, value, JSON_OBJECT, depth);
    case '[': reader->at++; return read_members(reader, value, JSON_LIST, depth);
    case '"': value->kind = JSON_TEXT; return read_text(reader, &value->text);
    case 't': return read_word(reader, value, "true", JSON_TRUE);
    case 'f': return read_word(reader, value, "false", JSON_FALSE);
    case 'n': return read_word(reader, value, "null", JSON_NULL);
    default: return read_number(reader, value);
    }
}

/// Reads a value and the white space around it.
static bool read_value(reader_t *reader, json_t *value, int depth) {
    skip_space(reader);
    if (!read_one(reader, value, depth)) return false;
    skip_space(reader);
    return true;
}

const json_t *json_read(arena_t *arena, text_t source, text_t *complaint) {
    reader_t reader = {arena, source, 0, NULL};
    json_t *value = arena_take(arena, sizeof *value);
    if (read_value(&reader, value, 0)) {
        if (reader.at == source.bytes) return value;
        fail(&reader, "more after the end");
    }
    text_t words = {reader.complaint, strlen(reader.complaint)};
    *complaint = text_join(arena, words, T(" at byte "), text_from_number(arena, reader.at));
    return NULL;
}

bool json_whole(const json_t *value, int64_t min, int64_t max, int64_t *number) {
    return value->kind == JSON_NUMBER && text_to_number(value->text, number) && min <= *number && *number <= max;
}

text_t json_quote(arena_t *arena, text_t content) {
    static const char hex[] = "0123456789abcdef", names[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";
    // The longest that a byte becomes is `\u0000`.
    char *quoted = arena_take(arena, 6 * content.bytes + 2), *end = quoted;
    *end++ = '"';
    for (size_t i = 0; i < content.bytes; i++) {
        char c = content.at[i];
        const char *meaning = memchr(meanings, c, sizeof meanings - 1);
        if (meaning != NULL) {
            *end++ = '\\';
            *end++ = names[meaning - meanings];
        } else if ((unsigned char)c < ' ') {
            memcpy(end, "\\u00", 4);
            end[4] = hex[c >> 4];
            end[5] = hex[c & 15];
            end += 6;
        } else {
            *end++ = c;
        }
    }
    *end++ = '"';
    return (text_t){quoted, (size_t)(end - quoted)};
}
