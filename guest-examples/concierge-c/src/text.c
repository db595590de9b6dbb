// Texts, and the memory in which a turn makes new ones.
#include "text.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/// How much an arena asks for at least.
enum { BLOCK_BYTES = 4096 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char bytes[];
};

void *arena_take(arena_t *arena, size_t bytes) {
    size_t unit = alignof(max_align_t);
    if (bytes > SIZE_MAX / 2) abort();
    bytes = (bytes + unit - 1) / unit * unit;
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < bytes) {
        size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = calloc(1, sizeof *block + size);
        if (block == NULL) abort();
        block->size = size;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *taken = block->bytes + block->used;
    block->used += bytes;
    return taken;
}

void arena_free(arena_t *arena) {
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
}

static text_t part(text_t whole, size_t from, size_t until) {
    // Also right for the empty text, whose address may be NULL.
    return from == until ? (text_t){"", 0} : (text_t){whole.at + from, until - from};
}

bool text_equal(text_t a, text_t b) { return a.bytes == b.bytes && (a.bytes == 0 || memcmp(a.at, b.at, a.bytes) == 0); }

bool is_space(uint32_t c) {
    return (c >= '\t' && c <= '\r') || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A)
           || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

text_t text_trim(text_t whole) {
    size_t from = 0, until = 0;
    bool begun = false;
    for (text_t rest = whole; rest.bytes > 0;) {
        size_t at = whole.bytes - rest.bytes;
        if (is_space(text_next(&rest))) continue;
        if (!begun) from = at;
        begun = true;
        until = whole.bytes - rest.bytes;
    }
    return part(whole, from, until);
}

bool text_cut(text_t whole, char separator, text_t *before, text_t *after) {
    const char *found = whole.bytes == 0 ? NULL : memchr(whole.at, separator, whole.bytes);
    size_t at = found == NULL ? whole.bytes : (size_t)(found - whole.at);
    *before = part(whole, 0, at);
    *after = found == NULL ? (text_t){"", 0} : part(whole, at + 1, whole.bytes);
    return found != NULL;
}

bool text_contains(text_t whole, text_t wanted) {
    if (wanted.bytes == 0) return true;
    while (wanted.bytes <= whole.bytes) {
        const char *found = memchr(whole.at, wanted.at[0], whole.bytes - wanted.bytes + 1);
        if (found == NULL) return false;
        if (memcmp(found, wanted.at, wanted.bytes) == 0) return true;
        whole = part(whole, (size_t)(found - whole.at) + 1, whole.bytes);
    }
    return false;
}

text_t text_start(text_t whole, size_t count) {
    text_t rest = whole;
    while (count-- > 0 && rest.bytes > 0) text_next(&rest);
    return part(whole, 0, whole.bytes - rest.bytes);
}

uint32_t text_next(text_t *rest) {
    // The host gives nothing but valid UTF-8; the bounds hold for any bytes.
    uint8_t lead = (uint8_t)rest->at[0];
    size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (length > rest->bytes) length = rest->bytes;
    uint32_t character = length == 1 ? lead : lead & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) character = character << 6 | ((uint8_t)rest->at[i] & 0x3F);
    rest->at += length;
    rest->bytes -= length;
    return character;
}

bool text_to_number(text_t digits, int64_t *number) {
    bool negative = digits.bytes > 0 && digits.at[0] == '-';
    size_t at = negative || (digits.bytes > 0 && digits.at[0] == '+') ? 1 : 0;
    if (at == digits.bytes) return false;
    int64_t value = 0;
    for (; at < digits.bytes; at++) {
        int digit = digits.at[at] - '0';
        if (digit < 0 || digit > 9) return false;
        // Counted downwards, since the least number has no positive counterpart.
        if (value < (INT64_MIN + digit) / 10) return false;
        value = value * 10 - digit;
    }
    if (!negative && value == INT64_MIN) return false;
    *number = negative ? value : -value;
    return true;
}

text_t text_from_number(arena_t *arena, uint64_t number) {
    enum { DIGITS = 20 };
    char *digits = arena_take(arena, DIGITS);
    size_t at = DIGITS;
    do digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    return (text_t){digits + at, DIGITS - at};
}

size_t text_encode(uint32_t c, char *out) {
    size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length; --i > 0; c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(length == 1 ? c : (0xF00u >> length & 0xFF) | c);
    return length;
}

text_t text_join_all(arena_t *arena, const text_t *parts, size_t count) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += parts[i].bytes;
    char *joined = arena_take(arena, bytes), *end = joined;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].bytes > 0) memcpy(end, parts[i].at, parts[i].bytes);
        end += parts[i].bytes;
    }
    return (text_t){joined, bytes};
}

bool complain(text_t *complaint, text_t words) {
    *complaint = words;
    return false;
}
