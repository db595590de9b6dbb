// What is written can be read, and it does not grow with the conversation.
#include <string.h>

#include "check.h"
#include "memory.h"

void test_memory(void) {
    arena_t arena = {NULL};
    text_t complaint;
    memory_t memory = {.chosen = T("Tea \"ritual\" 🍵")}, read;
    memory_count(&memory, T(" a 👩‍👩‍👧 family\n"));
    memory_ask(&memory, TOPIC_HOURS);
    memory_ask(&memory, TOPIC_HOURS);
    text_t written = memory_write(&arena, &memory);
    CHECK_TEXT(
        written,
        T("{\"messages\":1,\"greeted\":false,\"agent-spoke\":false,\"misunderstood\":0,\"asked\":[\"hours\"],"
          "\"offered\":false,\"chosen\":\"Tea \\\"ritual\\\" 🍵\",\"last-words\":[\"a 👩‍👩‍👧 family\"]}"));
    CHECK(memory_read(&arena, written, &read, &complaint));
    CHECK_TEXT(memory_write(&arena, &read), written);

    CHECK(memory_read(&arena, T("{\"messages\": 3, \"mood\": 1}"), &read, &complaint) && read.messages == 3);
    static const text_t foreign[] = {TEXT("v1;3"),
                                     TEXT(""),
                                     TEXT("3"),
                                     TEXT("{\"messages\":-1}"),
                                     TEXT("{\"messages\":4294967296}"),
                                     TEXT("{\"greeted\":1}"),
                                     TEXT("{\"asked\":[\"weather\"]}"),
                                     TEXT("{\"last-words\":[1]}"),
                                     TEXT("{\"chosen\":1}")};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        CHECK(!memory_read(&arena, foreign[i], &read, &complaint));

    char tea[4 * 1000];
    for (size_t i = 0; i < sizeof tea; i += 4) memcpy(tea + i, "🍵", 4);
    for (int i = 0; i < 99; i++) memory_count(&memory, (text_t){tea, sizeof tea});
    CHECK(memory.messages == 100 && memory.last_words_count == WORDS_KEPT
          && memory.last_words[2].bytes == 4 * WORDS_LONG);
    CHECK(memory_write(&arena, &memory).bytes < 2000);
    arena_free(&arena);
}
