// Whole conversations, turn after turn, without a host: each turn gets the state that the one before it returned.
#include "check.hpp"
#include "concierge.hpp"
#include "memory.hpp"

using namespace concierge;

namespace {

/// A customer, and what the host would keep between turns.
struct Chat {
    /// Noon on Thursday, 1970-01-01.
    Context context{.bot_id = "concierge",
                    .may_speak = true,
                    .state = {},
                    .config = "{\"tag-person\": 1001, \"tag-booking\": 1002}",
                    .now_ms = 12 * 3'600'000,
                    .refused = {}};
    std::string_view full_name = "Jo Quill";
    std::string state;
    std::expected<Turn, std::string> turn;

    void message(Message message) {
        message.full_name = full_name;
        turn = on_message(context, message);
        keep();
    }
    void says(std::string_view text) { message({.text = text, .full_name = {}, .pressed = {}, .list_response = {}}); }
    void presses(std::string_view payload) {
        message({.text = {}, .full_name = {}, .pressed = payload, .list_response = {}});
    }
    void picks(std::string_view json) { message({.text = {}, .full_name = {}, .pressed = {}, .list_response = json}); }
    void update(const Update& update) {
        turn = on_update(context, update);
        keep();
    }

    void keep() {
        if (!turn || std::holds_alternative<Keep>(turn->outcome.state)) return;
        auto set = std::get_if<std::string>(&turn->outcome.state);
        state = set ? *set : "";
        context.state = set ? std::optional<std::string_view>(state) : std::nullopt;
    }

    Memory memory() const { return *Memory::read(state); }

    const Respond& said() const {
        static const Respond nothing;
        for (const auto& action : turn->outcome.actions) {
            if (auto respond = std::get_if<Respond>(&action)) return *respond;
        }
        return nothing;
    }

    std::string actions() const {
        static constexpr const char* names[] = {"respond ",  "typing-start ", "typing-stop ",
                                                "hand-off ", "tag ",          "note "};
        std::string words;
        for (const auto& action : turn->outcome.actions) words += names[action.index()];
        return words;
    }
};

void test_greeting() {
    Chat chat;
    chat.update(Created());
    chat.says("hello");
    CHECK_TEXT(chat.said().text, "Welcome to Lantern House, Jo! 👋 How can I help?");
    CHECK_TEXT(chat.turn->line, "message 1, hello, 1 actions");
    CHECK_TEXT(chat.said().buttons[2].payload, "person");
    chat.says("hello");
    CHECK_TEXT(chat.said().text, "Hello again! How can I help?");
    Chat apple;
    apple.full_name = "Anonymous Stork 1afc-9b12";
    apple.says("hi");
    CHECK_TEXT(apple.said().text, "Welcome to Lantern House! 👋 How can I help?");
}

void test_hours_now() {
    Chat chat;
    chat.says("When do you open?");
    CHECK_PART(chat.said().text, "We are open 🟢 right now. Our hours: mon-fri 09:00-18:00");
    CHECK_TEXT(chat.actions(), "typing-start respond typing-stop ");
    chat.context.now_ms = 0;
    chat.says("still open?");
    CHECK_PART(chat.said().text, "We are closed 🌙");
}

void test_picking() {
    Chat chat;
    chat.says("a massage please");
    CHECK_TEXT(chat.said().list->choices[1].id, "forest-bath");
    chat.picks("{\"selected\": [{\"id\": \"forest-bath\", \"title\": \"Forest bath\"}]}");
    CHECK(chat.memory().chosen == "Forest bath");
    CHECK_TEXT(chat.turn->line, "message 2, choose forest-bath, 3 actions");
    // Where there are no lists the host makes buttons of the choices, which send their ids.
    chat.presses("tea-ritual");
    CHECK_PART(chat.said().text, "Tea ritual: a lovely choice.");
    CHECK_TEXT(chat.actions(), "respond note tag ");
    // Where nothing can be pressed a number chooses, and a slip in between does no harm.
    chat.says("treatments");
    chat.says("hmm");
    chat.says("1");
    CHECK(chat.memory().chosen == "Hot stone massage");

    chat.presses("mud-pack");
    CHECK(chat.memory().misunderstood == 1);
    chat.context.config = "{\"treatments\": \"! = !\"}";
    chat.says("spa");
    CHECK(chat.said().list.has_value());
    chat.context.config = "{\"treatments\": \"\"}";
    chat.says("spa");
    CHECK_TEXT(chat.said().text, "There is nothing to book right now.");
    chat.context.config = "{\"treatments\": \"Tea\"}";
    chat.says("thanks");
    CHECK(chat.turn->is_warning);
    CHECK_PART(chat.turn->line, "; the configuration is not used: treatments: \"Tea\" is not a treatment");
}

void test_person() {
    Chat chat;
    chat.says("When do you open?");
    chat.says("tea ritual 🍵");
    chat.says("Could I speak with someone?");
    // The farewell comes before the hand-off.
    CHECK_TEXT(chat.actions(), "respond tag hand-off ");
    CHECK_TEXT(std::get<Tag>(chat.turn->outcome.actions[1]).id, "1001");
    CHECK_TEXT(std::get<HandOff>(chat.turn->outcome.actions[2]).comment,
               "Because the customer asks for a person. Jo: 3 messages, asked about opening hours, chose Tea ritual. "
               "Last words: “When do you open?” “tea ritual 🍵” “Could I speak with someone?”");
    chat.context.refused = "[\"hand-off\", \"move-to\"]";
    chat.says("a person, please");
    CHECK_PART(chat.said().text, "I cannot call a colleague from here.");
    CHECK_TEXT(chat.actions(), "respond ");
}

void test_unclear() {
    Chat chat;
    chat.says("blorp");
    CHECK_TEXT(chat.actions(), "respond ");
    chat.says("hours");
    chat.says("blorp");
    CHECK_TEXT(chat.actions(), "respond ");
    chat.says("🦆");
    CHECK_TEXT(chat.actions(), "respond tag hand-off ");
}

void test_agent() {
    Chat chat;
    chat.update(OwnerChanged{Agent()});
    chat.context.may_speak = false;
    chat.says("hello");
    chat.says("I want a human");
    CHECK_TEXT(chat.actions(), "");
    CHECK(chat.memory().messages == 2);
    chat.update(AgentResponse());
    chat.update(OwnerChanged{Bot{"mirror"}});
    CHECK_TEXT(chat.turn->line, "another bot has the conversation now");
    chat.update(OwnerChanged{Bot{"concierge"}});
    chat.update(OtherUpdate{"MOVED"});
    CHECK_TEXT(chat.turn->line, "MOVED means nothing to me");
    chat.context.may_speak = true;
    chat.says("hello");
    CHECK_TEXT(chat.said().text, "Hello again! How can I help?");
    CHECK(chat.memory().agent_spoke);
}

void test_states() {
    Chat chat;
    chat.says("hello");
    chat.update(Closed());
    CHECK(!chat.context.state);
    chat.context.state = "v1;3";
    chat.says("hello");
    CHECK_PART(chat.turn.error(), "the conversation's state is not one of concierge's: not a value at byte 0");
    chat.update(AgentResponse());
    CHECK(!chat.turn);
    chat.update(Created());
    CHECK(chat.memory() == Memory());
}

} // namespace

void test_conversations() {
    test_greeting();
    test_hours_now();
    test_picking();
    test_person();
    test_unclear();
    test_agent();
    test_states();
}
