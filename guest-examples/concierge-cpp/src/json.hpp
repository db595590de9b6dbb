// A small reader for JSON, and the one thing needed for writing it: a quoted text.
#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace concierge::json {

struct Value;

/// A number, as it was written.
struct Number {
    std::string digits;
};

using List = std::vector<Value>;
/// The fields in the order in which they were written.
using Object = std::vector<std::pair<std::string, Value>>;

/// Any value.
struct Value : std::variant<std::nullptr_t, bool, Number, std::string, List, Object> {
    using variant::variant;

    /// The value as a `T`, or a null pointer when it is something else.
    template <typename T> const T* as() const { return std::get_if<T>(this); }
    bool is_null() const { return as<std::nullptr_t>() != nullptr; }
};

/// Reads a JSON text (RFC 8259), nested at most 127 deep; says what is wrong when it is none.
std::expected<Value, std::string> read(std::string_view source);

/// What `value` holds where it is of type `T`; says that it is `wanted` otherwise.
template <typename T> std::expected<T, std::string> get(const Value& value, std::string_view wanted) {
    if (auto found = value.as<T>()) return *found;
    return std::unexpected("not " + std::string(wanted));
}

/// Reads a number without a fraction or an exponent.
std::expected<std::int64_t, std::string> whole(const Value& value, std::int64_t min, std::int64_t max);

/// Writes a text as JSON: in quotes, with everything outside ASCII as it is.
std::string quote(std::string_view text);

} // namespace concierge::json
