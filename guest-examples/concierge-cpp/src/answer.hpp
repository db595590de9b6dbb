// What the bot does about what the customer wants.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "contract.hpp"
#include "memory.hpp"
#include "settings.hpp"
#include "understand.hpp"

namespace concierge {

/// What an answer depends on besides the memory.
struct Situation {
    /// The bot's configuration.
    const Settings& settings;
    /// The customer's first name; empty where it is not known.
    std::string_view first_name;
    /// Whether there are people to hand over to.
    bool has_people;
    /// The time, in milliseconds since 1970-01-01 UTC.
    std::uint64_t now_ms;
};

/// Decides what to do, and remembers it.
std::vector<Action> answer(const Intent& intent, const Situation& situation, Memory& memory);

} // namespace concierge
