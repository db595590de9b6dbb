// How the operator configured this bot: the registration's `metadata` object. Everything has a default.
//
// Khoros takes no object and no list within `metadata`, so each setting is a text or a number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hours.hpp"

namespace concierge {

/// Something to book.
struct Treatment {
    /// Comes back with the choice.
    std::string id;
    /// Its name.
    std::string title;
    /// A word about it; empty when there is none.
    std::string subtitle;

    bool operator==(const Treatment&) const = default;
};

/// The configuration.
struct Settings {
    /// The house's name.
    std::string house = "Lantern House";
    /// When it is open.
    Hours hours;
    /// How far the house's clock is ahead of UTC, in minutes.
    std::int64_t utc_offset_minutes = 0;
    /// What can be booked: `tea-ritual = Tea ritual, 30 minutes 🍵; forest-bath = Forest bath`.
    std::vector<Treatment> treatments = {
        {"hot-stone", "Hot stone massage", "60 minutes 🪨"},
        {"forest-bath", "Forest bath", "45 minutes 🌲"},
        {"tea-ritual", "Tea ritual", "30 minutes 🍵"},
    };
    /// The platform's tag for conversations that ask for a person. Khoros' tags are numbers.
    std::optional<std::int64_t> tag_person;
    /// The platform's tag for conversations in which something was chosen.
    std::optional<std::int64_t> tag_booking;

    /// Reads the configuration. A broken one must not silence the bot: it gets the defaults and a complaint for the
    /// log.
    static std::pair<Settings, std::optional<std::string>> read(std::string_view config);
};

} // namespace concierge
