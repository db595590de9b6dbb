// A concierge: greets new customers, tells opening hours, offers treatments and hands over to people.
//
// This is where a turn begins and ends. All of it is plain functions of their arguments, so the tests run them without
// a host.
//
// | file           | what it answers                                       |
// | -------------- | ----------------------------------------------------- |
// | border.cpp     | how does the host call this, and get the answer?      |
// | contract.hpp   | what does a bot get, and what does it give?           |
// | settings.cpp   | how did the operator configure this bot?              |
// | memory.cpp     | what do we know of this conversation?                 |
// | understand.cpp | what does the customer want?                          |
// | hours.cpp      | are we open?                                          |
// | answer.cpp     | what do we do about it?                               |
// | json.cpp       | what does this JSON say?                              |
// | text.cpp       | where do words and characters begin and end?          |
#pragma once

#include <expected>
#include <string>

#include "contract.hpp"

namespace concierge {

/// What came of an event, and the line that the log gets about it.
struct Turn {
    Outcome outcome;
    std::string line;
    /// Whether something is off, though the bot went on.
    bool is_warning = false;
};

/// Answers a message; or says why the bot gives up, where trying again would not help.
std::expected<Turn, std::string> on_message(const Context& context, const Message& message);

/// Reacts to an update.
std::expected<Turn, std::string> on_update(const Context& context, const Update& update);

} // namespace concierge
