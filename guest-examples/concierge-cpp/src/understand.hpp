// What the customer wants: a pressed button says it exactly, a list's answer nearly so, and words must be guessed from.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "contract.hpp"
#include "settings.hpp"

namespace concierge {

/// What a message can ask for.
enum class Wish {
    /// Nothing that this bot knows.
    unclear,
    /// A greeting and nothing more.
    hello,
    /// When the house is open.
    hours,
    /// What can be booked.
    treatments,
    /// One of the treatments.
    choose,
    /// A human being.
    person,
    /// No more than thanks.
    thanks,
};

/// What a button for this wish sends back when it is pressed.
std::string_view payload(Wish wish);

/// A wish, and for `choose` which treatment.
struct Intent {
    Wish wish;
    Treatment treatment = {};

    /// As it stands in the log.
    std::string in_words() const;
};

/// What a message asks for. `offered` says whether the treatments were the last thing shown, so that "2" means one of
/// them.
Intent understand(const Message& message, std::span<const Treatment> treatments, bool offered);

/// What words ask for.
Intent understand_text(std::string_view text, std::span<const Treatment> treatments, bool offered);
/// The treatment that a list picker's answer names; unclear unless it names exactly one.
Intent understand_list(std::string_view response, std::span<const Treatment> treatments);
/// What a pressed button's payload means.
Intent understand_payload(std::string_view payload, std::span<const Treatment> treatments);

} // namespace concierge
