// Texts, and the memory in which a turn makes new ones.
#ifndef CONCIERGE_TEXT_H
#define CONCIERGE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A text in UTF-8, looked at and never changed. It does not end with a NUL, and may have one inside.
typedef struct {
    const char *at;
    size_t bytes;
} text_t;

/// A literal as a `text_t`, also among constants.
#define TEXT(literal) {(literal), sizeof(literal) - 1}
/// The same within an expression.
#define T(literal) ((text_t)TEXT(literal))

/// What a turn allocates: taken piece by piece, freed at once when the turn is over.
typedef struct {
    struct arena_block *blocks;
} arena_t;

/// Takes memory that is all zeros. Never returns NULL: a bot without memory traps, which ends the turn.
void *arena_take(arena_t *arena, size_t bytes);
/// Frees everything that was taken.
void arena_free(arena_t *arena);

/// Whether two texts are the same, byte by byte.
bool text_equal(text_t a, text_t b);
/// The text without white space at its ends.
text_t text_trim(text_t whole);
/// Cuts at the first `separator`. When there is none, `before` is the whole, `after` is empty and the answer is false.
bool text_cut(text_t whole, char separator, text_t *before, text_t *after);
/// Whether `part` occurs in `whole`.
bool text_contains(text_t whole, text_t part);
/// The first `count` characters: code points, not bytes.
text_t text_start(text_t whole, size_t count);
/// Takes the next character off the front; `rest` must not be empty.
uint32_t text_next(text_t *rest);
/// Whether a character is white space, as Unicode says (`White_Space`).
bool is_space(uint32_t character);

/// Reads a whole number with or without a sign; false when it is none or does not fit.
bool text_to_number(text_t digits, int64_t *number);
/// Writes a whole number.
text_t text_from_number(arena_t *arena, uint64_t number);
/// Writes a character in UTF-8 to `out`, which has room for four bytes, and returns how many it took.
size_t text_encode(uint32_t character, char *out);

/// Says what is wrong, and is false: `return complain(complaint, T("not an object"));`
bool complain(text_t *complaint, text_t words);

/// Puts texts together: `text_join(arena, T("Hello, "), name, T("!"))`.
#define text_join(arena, ...)                                                                                          \
    text_join_all((arena), (const text_t[]){__VA_ARGS__}, sizeof((const text_t[]){__VA_ARGS__}) / sizeof(text_t))
text_t text_join_all(arena_t *arena, const text_t *parts, size_t count);

#endif
