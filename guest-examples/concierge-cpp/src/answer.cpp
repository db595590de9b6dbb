// What the bot does about what the customer wants.
#include "answer.hpp"

#include <string>
#include <utility>

namespace concierge {

namespace {

/// How many messages in a row may be unclear before a person takes over.
constexpr std::uint32_t patience = 2;

std::string greeting(const Situation& situation) {
    auto greeting = "Welcome to " + situation.settings.house;
    if (!situation.first_name.empty()) greeting.append(", ").append(situation.first_name);
    return greeting + "! 👋 ";
}

/// A text, with a button for each thing that the bot knows.
Respond offer(std::string text) {
    auto button = [](std::string label, Wish wish) { return Button{std::move(label), std::string(payload(wish))}; };
    return {.text = std::move(text),
            .buttons = {button("Opening hours", Wish::hours), button("Treatments", Wish::treatments),
                        button("A person", Wish::person)}};
}

/// An answer with "is writing" shown around it; where the network cannot, the host leaves that out. Sending a message
/// does not end the indicator (seed 001), so it is ended too.
std::vector<Action> typed(Respond answer) { return {TypingStart(), std::move(answer), TypingStop()}; }

/// The treatments as a list picker. Where the network has none the host shows a numbered list with buttons in its
/// place.
ListPicker list_picker(const std::vector<Treatment>& treatments) {
    ListPicker list{.request = {"Our treatments", "Tap to choose"},
                    .response = {"Your choice", "Thank you"},
                    .id = "treatments",
                    .title = "Treatments",
                    .choices = {}};
    for (const auto& [id, title, subtitle] : treatments) list.choices.push_back({id, title, subtitle});
    return list;
}

/// Puts the operator's tag on the conversation, where there is one.
void put_tag(std::vector<Action>& actions, std::optional<std::int64_t> tag) {
    if (tag) actions.push_back(Tag{std::to_string(*tag)});
}

std::vector<Action> tell_hours(const std::string& hello, const Situation& situation, Memory& memory) {
    const auto& settings = situation.settings;
    bool open = settings.hours.open_at(situation.now_ms, settings.utc_offset_minutes);
    memory.ask(Topic::hours);
    return typed({.text = hello + "We are " + (open ? "open 🟢" : "closed 🌙")
                          + " right now. Our hours: " + settings.hours.in_words() + "."});
}

std::vector<Action> show_treatments(const std::string& hello, const Situation& situation, Memory& memory) {
    const auto& treatments = situation.settings.treatments;
    if (treatments.empty()) return {offer(hello + "There is nothing to book right now.")};
    memory.ask(Topic::treatments);
    memory.offered = true;
    return typed({.text = hello + "What would you like?", .list = list_picker(treatments)});
}

std::vector<Action> choose(const std::string& title, const std::string& hello, const Situation& situation,
                           Memory& memory) {
    memory.chosen = title;
    std::vector<Action> actions = {
        offer(hello + title + ": a lovely choice. We have noted it. Anything else?"),
        Note{"Wants to book: " + title},
    };
    put_tag(actions, situation.settings.tag_booking);
    return actions;
}

std::vector<Action> hand_off(std::string_view why, const std::string& hello, const Situation& situation,
                             Memory& memory) {
    memory.misunderstood = 0;
    if (!situation.has_people) {
        return {offer(hello + "I cannot call a colleague from here. I know our opening hours and our treatments.")};
    }
    auto who = situation.first_name.empty() ? "The customer" : situation.first_name;
    auto comment = std::string("Because ").append(why).append(". ").append(who).append(": ") + memory.summary();
    // The farewell comes first: after the hand-off the conversation is no longer ours to speak in.
    std::vector<Action> actions = {Respond{.text = hello + "One moment, I call a colleague. 🛎️"}};
    put_tag(actions, situation.settings.tag_person);
    actions.push_back(HandOff{std::move(comment)});
    return actions;
}

} // namespace

std::vector<Action> answer(const Intent& intent, const Situation& situation, Memory& memory) {
    memory.misunderstood = intent.wish == Wish::unclear ? memory.misunderstood + 1 : 0;
    bool impatient = memory.misunderstood >= patience;
    // A slip after the list does not take the list away: "2" still works on the next try.
    if (intent.wish != Wish::unclear || impatient) memory.offered = false;
    auto hello = std::exchange(memory.greeted, true) ? std::string() : greeting(situation);
    auto or_else = [&](const char* other) { return hello.empty() ? std::string(other) : hello; };
    switch (intent.wish) {
    case Wish::hello: return {offer(or_else("Hello again! ") + "How can I help?")};
    case Wish::hours: return tell_hours(hello, situation, memory);
    case Wish::treatments: return show_treatments(hello, situation, memory);
    case Wish::choose: return choose(intent.treatment.title, hello, situation, memory);
    case Wish::person: return hand_off("the customer asks for a person", hello, situation, memory);
    case Wish::thanks: return {Respond{.text = hello + "With pleasure! 🌸"}};
    case Wish::unclear: break;
    }
    if (impatient) return hand_off("the bot does not understand the customer", hello, situation, memory);
    auto sorry = or_else("Sorry, I did not understand that. ");
    return {offer(sorry + "I know our opening hours and our treatments, or I call a person.")};
}

} // namespace concierge
