// Tries the heap that `bothost build` gives to bots in C: takes, moves and frees blocks by chance, and looks whether each is
// where it must be and holds what was written. "twice" frees a block twice; "much" takes more than the heap begins with.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot.h"

enum { BLOCKS = 300, STEPS = 10000 };

static unsigned char *blocks[BLOCKS];
static size_t lengths[BLOCKS];
static const char *broken = "sound";

static uint32_t chance(uint32_t below) {
    static uint64_t state = 42;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

static void check(bool holds, const char *what) {
    if (!holds) broken = what;
}

static bool holds(const unsigned char *block, size_t length, int byte) {
    for (size_t i = 0; i < length; i++)
        if (block[i] != byte) return false;
    return true;
}

static void release(uint32_t one) {
    check(holds(blocks[one], lengths[one], (int)(one % 251)), "a block was overwritten");
    free(blocks[one]);
    blocks[one] = NULL;
}

static void take(uint32_t one, size_t length) {
    size_t alignment = 16;
    if (chance(8) == 0) {
        alignment <<= chance(6);
        blocks[one] = aligned_alloc(alignment, length);
    } else if (chance(4) == 0) {
        blocks[one] = calloc(1, length);
        check(holds(blocks[one], length, 0), "calloc gave what is not zero");
    } else {
        blocks[one] = malloc(length);
    }
    check(blocks[one] != NULL && (uintptr_t)blocks[one] % alignment == 0, "a block is not aligned");
}

static void move(uint32_t one, size_t length) {
    size_t kept = length < lengths[one] ? length : lengths[one];
    blocks[one] = realloc(blocks[one], length);
    check(blocks[one] != NULL && (uintptr_t)blocks[one] % 16 == 0, "a moved block is not aligned");
    check(holds(blocks[one], kept, (int)(one % 251)), "a moved block lost what it held");
}

static void exercise(void) {
    for (int step = 0; step < STEPS; step++) {
        uint32_t one = chance(BLOCKS);
        size_t length = chance(chance(40) == 0 ? 20000 : 200);
        if (blocks[one] == NULL) {
            take(one, length);
        } else if (chance(2) == 0) {
            move(one, length);
        } else {
            release(one);
            continue;
        }
        lengths[one] = length;
        memset(blocks[one], (int)(one % 251), length);
    }
    // Volatile, or else the compiler knows that there is always enough.
    void *volatile none[] = {malloc(SIZE_MAX), calloc(SIZE_MAX / 2, 3), aligned_alloc(3, 8)};
    for (int one = 0; one < 3; one++) check(none[one] == NULL, "more than there is was given");
    for (uint32_t one = 0; one < BLOCKS; one++)
        if (blocks[one] != NULL) release(one);
}

static void take_much(void) {
    for (int megabyte = 0; megabyte < 40; megabyte++) {
        unsigned char *block = malloc(1 << 20);
        check(block != NULL, "40 MiB are not there");
        if (block != NULL) block[(1 << 20) - 1] = 1;
    }
}

static bool says(const exports_bothost_bot_message_message_t *message, const char *word) {
    return message->text.is_some && message->text.val.len == strlen(word) &&
           memcmp(message->text.val.ptr, word, message->text.val.len) == 0;
}

bool exports_bothost_bot_message_handle(exports_bothost_bot_message_context_t *context,
                                        exports_bothost_bot_message_message_t *message,
                                        exports_bothost_bot_message_outcome_t *outcome,
                                        exports_bothost_bot_message_failure_t *failure) {
    (void)context, (void)failure;
    if (says(message, "twice")) {
        // Volatile, or else the compiler sees that nobody needs the block.
        void *volatile block = malloc(10);
        free(block);
        free(block);
    }
    if (says(message, "much"))
        take_much();
    else
        exercise();
    *outcome = (exports_bothost_bot_message_outcome_t){0};
    bothost_bot_actions_action_t *action = calloc(1, sizeof *action);
    action->tag = BOTHOST_BOT_ACTIONS_ACTION_RESPOND;
    action->val.respond.text.is_some = true;
    bot_string_dup(&action->val.respond.text.val, broken);
    outcome->actions = (bothost_bot_actions_list_action_t){action, 1};
    return true;
}

bool exports_bothost_bot_update_handle(exports_bothost_bot_update_context_t *context,
                                       exports_bothost_bot_update_update_t *update,
                                       exports_bothost_bot_update_outcome_t *outcome,
                                       exports_bothost_bot_update_failure_t *failure) {
    (void)context, (void)update, (void)failure;
    *outcome = (exports_bothost_bot_update_outcome_t){0};
    return true;
}
