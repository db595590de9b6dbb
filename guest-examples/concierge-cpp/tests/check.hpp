// Checks that say where they failed, and go on.
#pragma once

#include <string_view>

/// Checks a condition.
#define CHECK(condition) check((condition), __FILE__, __LINE__, #condition)
/// Checks that two texts are the same.
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), __FILE__, __LINE__)
/// Checks that a text has another within.
#define CHECK_PART(whole, wanted) check_part((whole), (wanted), __FILE__, __LINE__)

void check(bool right, const char* file, int line, std::string_view condition);
void check_text(std::string_view actual, std::string_view expected, const char* file, int line);
void check_part(std::string_view whole, std::string_view wanted, const char* file, int line);

void test_parts();
void test_json();
void test_conversations();
void test_border();
