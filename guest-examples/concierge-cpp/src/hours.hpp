// Opening hours: read from the configuration, asked with the turn's own clock.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "json.hpp"

namespace concierge {

/// When the house is open.
class Hours {
  public:
    /// What holds where nothing is configured: `mon-fri 09:00-18:00, sat 10:00-16:00`.
    Hours();

    /// Reads hours as `in_words` writes them, or from an object such as `{"mon-fri": "09:00-18:00"}`. A day that is not
    /// named is closed.
    static std::expected<Hours, std::string> read(const json::Value& value);

    /// Whether the house is open at this time, in milliseconds since 1970-01-01 UTC.
    bool open_at(std::uint64_t now_ms, std::int64_t utc_offset_minutes) const;

    /// The week in words, days of the same hours together.
    std::string in_words() const;

  private:
    /// Minutes of a day.
    struct Span {
        int from;
        int until;
        bool operator==(const Span&) const = default;
    };

    /// Monday first; nothing when closed.
    std::array<std::optional<Span>, 7> days;

    std::expected<void, std::string> put(std::string_view days, std::string_view span);
    static std::optional<Span> read_span(std::string_view written);
};

} // namespace concierge
