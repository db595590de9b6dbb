// Runs all tests: `make test`.
#include <iostream>

#include "check.hpp"

static int passed, failed;

void check(bool right, const char* file, int line, std::string_view condition) {
    right ? passed++ : failed++;
    if (!right) std::cerr << file << ':' << line << ": not so: " << condition << '\n';
}

void check_text(std::string_view actual, std::string_view expected, const char* file, int line) {
    check(actual == expected, file, line, "the texts are the same");
    if (actual != expected) std::cerr << "    expected: " << expected << "\n      actual: " << actual << '\n';
}

void check_part(std::string_view whole, std::string_view wanted, const char* file, int line) {
    bool right = whole.find(wanted) != whole.npos;
    check(right, file, line, "the text is within the other");
    if (!right) std::cerr << "    wanted: " << wanted << "\n    within: " << whole << '\n';
}

int main() {
    test_parts();
    test_json();
    test_conversations();
    test_border();
    std::cout << passed << " passed, " << failed << " failed\n";
    return failed > 0;
}
