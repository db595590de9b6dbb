// What the customer wants: a pressed button says it exactly, a list's answer nearly so, and words must be guessed from.
#include "understand.h"

#include <wctype.h>

#include "json.h"

/// Words for each wish, as `words_of` would write them. The first that occurs wins, so that "Hello, can I talk to a
/// person?" asks for a person.
static const struct {
    wish_t wish;
    text_t phrases;
} meanings[] = {
    {PERSON,
     TEXT(" human | person | agent | someone | somebody | operator | representative | staff | colleague | reception "
          "| talk to | speak to | speak with | call me | not a bot | real people ")},
    {HOURS, TEXT(" hours | open | opening | close | closed | closing | when can i come ")},
    {TREATMENTS,
     TEXT(" treatment | treatments | massage | spa | book | booking | menu | offer | appointment | reserve ")},
    {THANKS, TEXT(" thanks | thank you | thx | cheers | 🙏 ")},
    {HELLO, TEXT(" hello | hi | hey | good morning | good afternoon | good evening | 👋 ")},
};

/// What a button says when it is pressed.
static const text_t payloads[] = {
    [UNCLEAR] = TEXT("unclear"),       [HELLO] = TEXT("hello"),   [HOURS] = TEXT("hours"),
    [TREATMENTS] = TEXT("treatments"), [CHOOSE] = TEXT("choose"), [PERSON] = TEXT("person"),
    [THANKS] = TEXT("thanks"),
};

static intent_t plain(wish_t wish) { return (intent_t){wish, NULL}; }

text_t wish_payload(wish_t wish) { return payloads[wish]; }

/// A payload that is no word of ours is the id of a treatment: the host sends it for a list's choice where the network
/// has no lists. The button may be older than the list of treatments.
intent_t understand_payload(text_t payload, const settings_t *settings) {
    for (wish_t wish = UNCLEAR; wish <= THANKS; wish++) {
        if (wish != CHOOSE && text_equal(payloads[wish], payload)) return plain(wish);
    }
    for (size_t i = 0; i < settings->treatments_count; i++) {
        const treatment_t *treatment = &settings->treatments[i];
        if (text_equal(treatment->id, payload)) return (intent_t){CHOOSE, treatment};
    }
    return plain(UNCLEAR);
}

static bool mentions(const json_t *value, text_t id) {
    if (value->kind == JSON_TEXT) return text_equal(value->text, id);
    for (const json_t *member = value->first; member != NULL; member = member->next) {
        if (mentions(member, id)) return true;
    }
    return false;
}

/// The shape of a list's answer is not documented, so any text in it that is an id of ours counts.
intent_t understand_list(arena_t *arena, text_t response, const settings_t *settings) {
    text_t complaint;
    const json_t *value = json_read(arena, response, &complaint);
    const treatment_t *found = NULL;
    for (size_t i = 0; value != NULL && i < settings->treatments_count; i++) {
        const treatment_t *treatment = &settings->treatments[i];
        if (!mentions(value, treatment->id)) continue;
        if (found != NULL) return plain(UNCLEAR);
        found = treatment;
    }
    return found == NULL ? plain(UNCLEAR) : (intent_t){CHOOSE, found};
}

static bool is_between_words(uint32_t c) {
    return is_space(c) || (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`')
           || (c >= '{' && c <= '~');
}

/// The text in lower case, each word between single spaces, so that "hi" is not found in "this".
static text_t words_of(arena_t *arena, text_t content) {
    // In lower case a character may take three bytes instead of two.
    char *words = arena_take(arena, 2 * content.bytes + 2);
    size_t bytes = 0;
    words[bytes++] = ' ';
    while (content.bytes > 0) {
        uint32_t c = text_next(&content);
        if (!is_between_words(c)) bytes += text_encode((uint32_t)towlower((wint_t)c), words + bytes);
        else if (words[bytes - 1] != ' ') words[bytes++] = ' ';
    }
    if (words[bytes - 1] != ' ') words[bytes++] = ' ';
    return (text_t){words, bytes};
}

/// Whether one of the phrases, which stand between bars, is in `words`.
static bool has_phrase(text_t words, text_t phrases) {
    while (phrases.bytes > 0) {
        text_t phrase;
        text_cut(phrases, '|', &phrase, &phrases);
        if (text_contains(words, phrase)) return true;
    }
    return false;
}

intent_t understand_text(arena_t *arena, text_t content, const settings_t *settings, bool offered) {
    text_t words = words_of(arena, content);
    int64_t number;
    if (offered && text_to_number(text_trim(words), &number)) {
        bool on_list = number >= 1 && (uint64_t)number <= settings->treatments_count;
        return on_list ? (intent_t){CHOOSE, &settings->treatments[number - 1]} : plain(UNCLEAR);
    }
    for (size_t i = 0; i < settings->treatments_count; i++) {
        const treatment_t *treatment = &settings->treatments[i];
        text_t title = words_of(arena, treatment->title);
        // A title without a single letter is in nothing.
        if (title.bytes > 1 && text_contains(words, title)) return (intent_t){CHOOSE, treatment};
    }
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (has_phrase(words, meanings[i].phrases)) return plain(meanings[i].wish);
    }
    return plain(UNCLEAR);
}

intent_t understand(arena_t *arena, const message_t *message, const settings_t *settings, bool offered) {
    size_t presses = message->presses.len;
    if (presses > 0) return understand_payload(text_of(message->presses.ptr[presses - 1].payload), settings);
    if (message->list_response.is_some) return understand_list(arena, text_of(message->list_response.val), settings);
    return understand_text(arena, text_of_option(message->text), settings, offered);
}
