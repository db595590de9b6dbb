// Runs all tests: `make test`.
#include <stdio.h>

#include "check.h"

static int passed, failed;

void check(bool right, const char *file, int line, const char *condition) {
    if (right) passed++;
    else failed++, fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
}

static void show(const char *what, text_t content) {
    fprintf(stderr, "    %s: %.*s\n", what, (int)content.bytes, content.at);
}

void check_text(text_t actual, text_t expected, const char *file, int line) {
    bool right = text_equal(actual, expected);
    check(right, file, line, "the texts are the same");
    if (!right) show("expected", expected), show("  actual", actual);
}

void check_part(text_t whole, text_t wanted, const char *file, int line) {
    bool right = text_contains(whole, wanted);
    check(right, file, line, "the text is within the other");
    if (!right) show("wanted", wanted), show("within", whole);
}

int main(void) {
    test_text();
    test_json();
    test_hours();
    test_settings();
    test_memory();
    test_understand();
    test_turns();
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
