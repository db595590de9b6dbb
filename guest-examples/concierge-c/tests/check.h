// Checks that say where they failed, and go on.
#ifndef CONCIERGE_CHECK_H
#define CONCIERGE_CHECK_H

#include "text.h"

/// Checks a condition.
#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition)
/// Checks that two texts are the same.
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), __FILE__, __LINE__)
/// Checks that a text has another within.
#define CHECK_PART(whole, wanted) check_part((whole), (wanted), __FILE__, __LINE__)

void check(bool right, const char *file, int line, const char *condition);
void check_text(text_t actual, text_t expected, const char *file, int line);
void check_part(text_t whole, text_t wanted, const char *file, int line);

void test_text(void);
void test_json(void);
void test_hours(void);
void test_settings(void);
void test_memory(void);
void test_understand(void);
void test_turns(void);

#endif
