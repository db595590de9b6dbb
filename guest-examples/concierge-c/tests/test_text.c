// Texts are cut where characters end, and numbers are read to the last one that fits.
#include "check.h"

void test_text(void) {
    CHECK_TEXT(text_trim(T(" \t\u3000 tea ritual\u00A0\n")), T("tea ritual"));
    CHECK_TEXT(text_trim(T(" \u2003")), T(""));
    CHECK_TEXT(text_trim((text_t){NULL, 0}), T(""));
    CHECK_TEXT(text_start(T("🍵é🦆x"), 3), T("🍵é🦆"));
    CHECK_TEXT(text_start(T("ab"), 3), T("ab"));
    CHECK(text_contains(T("aab"), T("ab")) && !text_contains(T("ab"), T("aab")) && text_contains(T("a\0b"), T("\0b")));

    text_t before, after;
    CHECK(text_cut(T("a = b = c"), '=', &before, &after));
    CHECK_TEXT(before, T("a "));
    CHECK_TEXT(after, T(" b = c"));
    CHECK(!text_cut(T("abc"), '=', &before, &after));
    CHECK_TEXT(before, T("abc"));

    int64_t number = 0;
    CHECK(text_to_number(T("9223372036854775807"), &number) && number == INT64_MAX);
    CHECK(text_to_number(T("-9223372036854775808"), &number) && number == INT64_MIN);
    CHECK(text_to_number(T("+007"), &number) && number == 7);
    const text_t wrong[] = {TEXT(""),   TEXT("-"),   TEXT("9223372036854775808"), TEXT("-9223372036854775809"),
                            TEXT("1 "), TEXT("1.0"), TEXT("99999999999999999999")};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(!text_to_number(wrong[i], &number));

    // No byte beyond the end is read, even where a character is cut in half.
    text_t half = {"\xF0\x9F", 2};
    text_next(&half);
    CHECK(half.bytes == 0);
}
