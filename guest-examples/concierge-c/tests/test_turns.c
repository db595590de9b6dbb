// Whole conversations, turn after turn, without a host: each turn gets the state that the one before it returned.
#include "chat.h"
#include "check.h"

static const uint8_t CREATED = EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CREATED;
static const uint8_t CLOSED = EXPORTS_BOTHOST_BOT_UPDATE_OPERATION_CLOSED;

static const bothost_bot_actions_response_t *response(const chat_t *chat, size_t at) {
    return &chat->outcome.actions.ptr[at].val.respond;
}

static void test_greeting(void) {
    chat_t chat = chat_begin();
    chat_update(&chat, CREATED);
    chat_says(&chat, T("hello"));
    CHECK_TEXT(chat_said(&chat), T("Welcome to Lantern House, Jo! 👋 How can I help?"));
    CHECK_TEXT(chat_log, T("concierge 1.0.0: message 1, hello, 1 actions"));
    CHECK(response(&chat, 0)->buttons.len == 3);
    CHECK_TEXT(text_of(response(&chat, 0)->buttons.ptr[2].val.postback.payload), T("person"));
    chat_says(&chat, T("hello"));
    CHECK_TEXT(chat_said(&chat), T("Hello again! How can I help?"));
    chat_end(&chat);
}

static void test_invented_name(void) {
    chat_t chat = chat_begin();
    chat.full_name = T("Anonymous Stork 1afc-9b12");
    chat_says(&chat, T("hi"));
    CHECK_TEXT(chat_said(&chat), T("Welcome to Lantern House! 👋 How can I help?"));
    chat_end(&chat);
}

static void test_hours_now(void) {
    chat_t chat = chat_begin();
    chat_says(&chat, T("When do you open?"));
    CHECK_PART(chat_said(&chat), T("We are open 🟢 right now. Our hours: mon-fri 09:00-18:00"));
    CHECK_TEXT(chat_actions(&chat), T("typing-start respond typing-stop"));
    chat.now_ms = 0;
    chat_says(&chat, T("still open?"));
    CHECK_PART(chat_said(&chat), T("We are closed 🌙"));
    chat_end(&chat);
}

static void test_picking(void) {
    chat_t chat = chat_begin();
    chat_says(&chat, T("a massage please"));
    CHECK(response(&chat, 1)->attachment.is_some && chat.memory.offered);
    const list_picker_t *list = &response(&chat, 1)->attachment.val.val.list_picker;
    CHECK_TEXT(text_of(list->sections.ptr[0].choices.ptr[1].id), T("forest-bath"));
    CHECK_TEXT(text_of_option(list->sections.ptr[0].choices.ptr[1].subtitle), T("45 minutes 🌲"));
    chat_picks(&chat, T("{\"selected\": [{\"id\": \"forest-bath\", \"title\": \"Forest bath\"}]}"));
    CHECK_TEXT(chat.memory.chosen, T("Forest bath"));
    CHECK_TEXT(chat_log, T("concierge 1.0.0: message 2, choose forest-bath, 3 actions"));

    // Where there are no lists the host makes buttons of the choices, which send their ids.
    chat_presses(&chat, T("tea-ritual"));
    CHECK_PART(chat_said(&chat), T("Tea ritual: a lovely choice."));
    CHECK_TEXT(chat_actions(&chat), T("respond note tag"));
    CHECK_TEXT(text_of(chat.outcome.actions.ptr[1].val.note), T("Wants to book: Tea ritual"));
    CHECK_TEXT(text_of(chat.outcome.actions.ptr[2].val.tag.ptr[0]), T("1002"));

    // Where nothing can be pressed a number chooses, and a slip in between does no harm.
    chat_says(&chat, T("treatments"));
    chat_says(&chat, T("hmm"));
    chat_says(&chat, T("1"));
    CHECK_TEXT(chat.memory.chosen, T("Hot stone massage"));
    chat_end(&chat);
}

static void test_old_button(void) {
    chat_t chat = chat_begin();
    chat_presses(&chat, T("mud-pack"));
    CHECK(chat.memory.misunderstood == 1);
    chat.config = T("{\"treatments\": \"! = !\"}");
    chat_says(&chat, T("spa"));
    CHECK(response(&chat, 1)->attachment.is_some);
    chat.config = T("{\"treatments\": \"\"}");
    chat_says(&chat, T("spa"));
    CHECK_TEXT(chat_said(&chat), T("There is nothing to book right now."));
    chat.config = T("{\"treatments\": \"Tea\"}");
    chat_says(&chat, T("thanks"));
    CHECK_PART(chat_log, T("; the configuration is not used: \"Tea\" is not a treatment"));
    chat_end(&chat);
}

static void test_person(void) {
    chat_t chat = chat_begin();
    chat_says(&chat, T("When do you open?"));
    chat_says(&chat, T("tea ritual 🍵"));
    chat_says(&chat, T("Could I speak with someone?"));
    CHECK_TEXT(chat_actions(&chat), T("respond tag hand-off"));
    CHECK_TEXT(chat_said(&chat), T("One moment, I call a colleague. 🛎️"));
    CHECK_TEXT(text_of(chat.outcome.actions.ptr[1].val.tag.ptr[0]), T("1001"));
    CHECK_TEXT(text_of_option(chat.outcome.actions.ptr[2].val.hand_off),
               T("Because the customer asks for a person. Jo: 3 messages, asked about opening hours, chose Tea ritual. "
                 "Last words: “When do you open?” “tea ritual 🍵” “Could I speak with someone?”"));
    chat.refused = T("[\"hand-off\", \"move-to\"]");
    chat_says(&chat, T("a person, please"));
    CHECK_PART(chat_said(&chat), T("I cannot call a colleague from here."));
    CHECK_TEXT(chat_actions(&chat), T("respond"));
    chat_end(&chat);
}

static void test_unclear(void) {
    chat_t chat = chat_begin();
    chat_says(&chat, T("blorp"));
    CHECK_TEXT(chat_actions(&chat), T("respond"));
    chat_says(&chat, T("hours"));
    chat_says(&chat, T("blorp"));
    CHECK_TEXT(chat_actions(&chat), T("respond"));
    chat_says(&chat, T("🦆"));
    CHECK_TEXT(chat_actions(&chat), T("respond tag hand-off"));
    chat_end(&chat);
}

static void test_agent(void) {
    chat_t chat = chat_begin();
    chat_owner_changes(&chat, T(""));
    chat.agent_holds = true;
    chat_says(&chat, T("hello"));
    chat_says(&chat, T("I want a human"));
    CHECK_TEXT(chat_actions(&chat), T(""));
    CHECK(chat.memory.messages == 2);
    chat_agent_responds(&chat);
    chat_owner_changes(&chat, T("mirror"));
    CHECK_TEXT(chat_log, T("concierge 1.0.0: another bot has the conversation now"));
    chat_owner_changes(&chat, T("concierge"));
    chat.agent_holds = false;
    chat_says(&chat, T("hello"));
    CHECK_TEXT(chat_said(&chat), T("Hello again! How can I help?"));
    CHECK(chat.memory.agent_spoke);
    chat_other_update(&chat, T("MOVED"));
    CHECK_TEXT(chat_log, T("concierge 1.0.0: MOVED means nothing to me"));
    CHECK(chat.memory.messages == 3);
    chat_end(&chat);
}

static void test_states(void) {
    chat_t chat = chat_begin();
    chat_says(&chat, T("hello"));
    chat_update(&chat, CLOSED);
    CHECK(!chat.state.is_some);
    chat.state = (bot_option_string_t){true, copy_for_host(T("v1;3"))};
    chat_says(&chat, T("hello"));
    CHECK(!chat.answered && chat.failure.tag == BOTHOST_BOT_ACTIONS_FAILURE_GIVE_UP);
    CHECK_PART(text_of(chat.failure.val.give_up), T("the conversation's state is not one of concierge's"));
    chat_agent_responds(&chat);
    CHECK(!chat.answered);
    chat_update(&chat, CREATED);
    CHECK(chat.answered && chat.memory.messages == 0);
    chat_end(&chat);
}

void test_turns(void) {
    test_greeting();
    test_invented_name();
    test_hours_now();
    test_picking();
    test_old_button();
    test_person();
    test_unclear();
    test_agent();
    test_states();
}
