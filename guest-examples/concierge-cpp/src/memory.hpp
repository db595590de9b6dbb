// What the bot remembers of a conversation: JSON in the state that the host keeps between turns.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace concierge {

/// Something to ask about.
enum class Topic { hours, treatments };

/// A conversation's memory.
struct Memory {
    /// How many of the customer's last texts are kept for the summary.
    static constexpr std::size_t words_kept = 3;
    /// How much of each, in characters.
    static constexpr std::size_t words_long = 120;

    /// Messages of the customer, also those that an agent answered.
    std::uint32_t messages = 0;
    /// Whether the customer has been greeted.
    bool greeted = false;
    /// Whether a human agent took part.
    bool agent_spoke = false;
    /// Messages in a row that the bot made nothing of.
    std::uint32_t misunderstood = 0;
    /// What the customer asked about, each thing once.
    std::vector<Topic> asked;
    /// Whether the list of treatments is on the customer's screen.
    bool offered = false;
    /// The treatment that the customer chose.
    std::optional<std::string> chosen;
    /// The customer's last words, oldest first.
    std::vector<std::string> last_words;

    bool operator==(const Memory&) const = default;

    /// Reads what an earlier turn wrote; says what is wrong with a text that this bot did not write.
    static std::expected<Memory, std::string> read(std::string_view state);
    /// Writes it for the next turn.
    std::string write() const;

    /// Counts a message and keeps its words.
    void count(std::string_view words);
    /// Remembers that the customer asked about something.
    void ask(Topic topic);
    /// Remembers that an agent took part. A bot that says hello after a person already did looks silly.
    void meet_agent();
    /// The conversation for the agent who takes it over.
    std::string summary() const;
};

} // namespace concierge
