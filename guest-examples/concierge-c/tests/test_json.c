// The reader takes what is JSON, refuses what is not, and survives both. `make test CC=gcc SANITIZE=address,undefined`
// watches that it never looks beyond the end.
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "json.h"

static bool is_json(text_t source) {
    arena_t arena = {NULL};
    text_t complaint = T("");
    // A copy of just that size, so that a look beyond the end is noticed.
    char *exact = malloc(source.bytes);
    if (source.bytes > 0) memcpy(exact, source.at, source.bytes);
    bool right = json_read(&arena, (text_t){exact, source.bytes}, &complaint) != NULL;
    CHECK(right == (complaint.bytes == 0));
    arena_free(&arena);
    free(exact);
    return right;
}

static bool nested_is_json(size_t depth, const char *opening, const char *closing) {
    size_t length = strlen(opening), count = depth * (length + strlen(closing)) + 1;
    char *source = malloc(count), *end = source;
    for (size_t i = 0; i < depth; i++) memcpy(end, opening, length), end += length;
    if (*closing != '\0') *end++ = '1';
    for (size_t i = 0; i < depth && *closing != '\0'; i++) *end++ = *closing;
    bool right = is_json((text_t){source, (size_t)(end - source)});
    free(source);
    return right;
}

// clang-format off
static const text_t right[] = {
    TEXT("null"), TEXT(" [ ] "), TEXT("{}"), TEXT("-0.5E+3"), TEXT("[1,2.5,true,false,null,\"x\",{\"a\":[]}]"),
    TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83c\\udf75\""), TEXT("{\"a\" : 1 ,\n\"b\" : 2}"), TEXT("\"\x7f\""),
};
static const text_t wrong[] = {
    TEXT(""), TEXT(" "), TEXT("nul"), TEXT("nulll"), TEXT("tru"), TEXT("01"), TEXT("1."), TEXT("-"), TEXT("1e"),
    TEXT("+1"), TEXT(".5"), TEXT("["), TEXT("[1"), TEXT("[1,"), TEXT("[1,]"), TEXT("[1 2]"), TEXT("]"), TEXT("{"),
    TEXT("{\"a\""), TEXT("{\"a\":"), TEXT("{\"a\":1"), TEXT("{\"a\":1,}"), TEXT("{a:1}"), TEXT("{1:1}"), TEXT("[}"),
    TEXT("{\"a\" 1}"), TEXT("\""), TEXT("\"\\"), TEXT("\"\\\""), TEXT("\"\\u"), TEXT("\"\\u12\""), TEXT("\"\\x\""),
    TEXT("\"\\u00g0\""), TEXT("\"\\ud83c\""), TEXT("\"\\ud83c\\n\""), TEXT("\"\\ud83c\\u0041\""), TEXT("\"\\udf75\""),
    TEXT("\"\n\""), TEXT("\"\0\""), TEXT("1\0"), TEXT("\xEF\xBB\xBF{}"), TEXT("[]x"), TEXT("\"\\\0\""),
};
// clang-format on

static void test_right_and_wrong(void) {
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) CHECK(is_json(right[i]));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(!is_json(wrong[i]));
}

static void test_values(void) {
    arena_t arena = {NULL};
    text_t complaint;
    int64_t number = 0;
    const json_t *object = json_read(&arena, T("{\"a\\u0000\":[1,\"\\ud83c\\udf75\"],\"b\":-3}"), &complaint);
    CHECK(object->kind == JSON_OBJECT && object->first->kind == JSON_LIST);
    CHECK_TEXT(object->first->name, T("a\0"));
    CHECK_TEXT(object->first->first->next->text, T("🍵"));
    CHECK(json_whole(object->first->next, -3, 3, &number) && number == -3);
    CHECK(!json_whole(object->first->next, 0, 3, &number) && !json_whole(object, 0, 3, &number));
    CHECK(!json_whole(json_read(&arena, T("1.0"), &complaint), 0, 3, &number));
    CHECK(json_read(&arena, T("[1,]"), &complaint) == NULL);
    CHECK_TEXT(complaint, T("not a number at byte 3"));
    CHECK_TEXT(json_quote(&arena, T("\"\\\b\f\n\r\t\1\x1f\x7fé🍵\0")),
               T("\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7fé🍵\\u0000\""));
    arena_free(&arena);
}

/// Nothing crashes it: deep nesting, and every beginning and every one-byte change of a text that has all there is.
static void test_hostile(void) {
    CHECK(nested_is_json(127, "[", "]") && !nested_is_json(128, "[", "]") && !nested_is_json(100000, "[", "]"));
    CHECK(nested_is_json(127, "{\"a\":", "}") && !nested_is_json(100000, "{\"a\":", "}")
          && !nested_is_json(100000, "[", ""));
    static const char all[] = "{\"a\\u00e9\\ud83c\\udf75\\n\":[1,-2.5e+3,true,false,null,{}],\"\":\"é\"}";
    char changed[sizeof all];
    for (size_t at = 0; at < sizeof all - 1; at++) {
        CHECK(!is_json((text_t){all, at}));
        for (int byte = 0; byte < 256; byte++) {
            memcpy(changed, all, sizeof all);
            changed[at] = (char)byte;
            is_json((text_t){changed, sizeof all - 1});
        }
    }
}

void test_json(void) {
    test_right_and_wrong();
    test_values();
    test_hostile();
}
