/* The heap of a bot: what C's `malloc` and all that stand on it take their memory from.
 *
 * A bot lives for one event. Its memory is fresh, and what it takes at once is gone at once; so the heap begins with room that
 * is there from the start, since to grow a memory costs more than a whole turn of a small bot. Blocks lie close together, one
 * after the other. What is freed waits in a list of its size: sizes grow in steps of at most a quarter. */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAGE ((size_t)65536)
#define UNIT ((size_t)16)
#define BLOCK_MAX ((size_t)1 << 30)
#define GROW_MIN ((size_t)1 << 20)

/* What stands before each block. */
struct head {
    _Alignas(16) size_t size;
    uint32_t list;
    struct head *next; /* In its list, while it is free. */
    uint32_t mark;
};

/* What is freed twice, or was never taken, ends the turn. */
enum { TAKEN = 0x7461, FREED = 0x6672 };

static _Alignas(16) unsigned char room[256 << 10];
static unsigned char *top = room;
static unsigned char *end = room + sizeof room;
static struct head *freed[128];

/* A size that blocks have, and which list such blocks wait in. */
static size_t size_of(size_t bytes, uint32_t *list) {
    uint32_t step = 4;
    if (bytes > 8 * UNIT) step = 29 - (uint32_t)__builtin_clz((uint32_t)(bytes - 1));
    size_t steps = bytes == 0 ? 1 : (bytes + ((size_t)1 << step) - 1) >> step;
    *list = (step - 4) * 4 + (uint32_t)steps;
    return steps << step;
}

/* Makes room for some more bytes above the top. */
static bool reach(size_t bytes) {
    if ((size_t)(end - top) >= bytes) return true;
    size_t more = (bytes > GROW_MIN ? bytes : GROW_MIN) / PAGE + 1;
    size_t pages = __builtin_wasm_memory_grow(0, more);
    if (pages == SIZE_MAX) {
        more = bytes / PAGE + 1;
        pages = __builtin_wasm_memory_grow(0, more);
        if (pages == SIZE_MAX) return false;
    }
    unsigned char *start = (unsigned char *)(pages * PAGE);
    /* The rest of the room before is left alone, unless the new one follows it. */
    if (start != end) top = start;
    end = start + more * PAGE;
    return true;
}

static struct head *head_of(void *block) { return (struct head *)block - 1; }

static void *take(size_t alignment, size_t bytes) {
    uint32_t list = 0;
    bool power = alignment != 0 && (alignment & (alignment - 1)) == 0;
    if (!power || bytes > BLOCK_MAX || alignment > BLOCK_MAX) {
        errno = power ? ENOMEM : EINVAL;
        return NULL;
    }
    size_t size = size_of(bytes, &list);
    struct head *head = freed[list];
    if (head != NULL && (uintptr_t)(head + 1) % alignment == 0) {
        freed[list] = head->next;
        head->mark = TAKEN;
        return head + 1;
    }
    size_t gap = alignment > UNIT ? alignment : 0;
    if (!reach(gap + sizeof *head + size)) {
        errno = ENOMEM;
        return NULL;
    }
    uintptr_t block = (uintptr_t)top + sizeof *head;
    if (gap > 0) block = (block + alignment - 1) & ~(uintptr_t)(alignment - 1);
    top = (unsigned char *)(block + size);
    head = head_of((void *)block);
    head->size = size;
    head->list = list;
    head->mark = TAKEN;
    return (void *)block;
}

void *malloc(size_t bytes) { return take(UNIT, bytes); }

void free(void *block) {
    if (block == NULL) return;
    struct head *head = head_of(block);
    if (head->mark != TAKEN) __builtin_trap();
    head->mark = FREED;
    head->next = freed[head->list];
    freed[head->list] = head;
}

void *calloc(size_t count, size_t bytes) {
    size_t all = 0;
    if (__builtin_mul_overflow(count, bytes, &all)) all = SIZE_MAX;
    void *block = take(UNIT, all);
    if (block != NULL) memset(block, 0, all);
    return block;
}

void *realloc(void *block, size_t bytes) {
    if (block == NULL) return take(UNIT, bytes);
    struct head *head = head_of(block);
    if (bytes <= head->size) return block;
    /* The last block grows where it is. */
    uint32_t list = 0;
    if (bytes <= BLOCK_MAX && (unsigned char *)block + head->size == top) {
        size_t size = size_of(bytes, &list);
        if ((size_t)(end - top) >= size - head->size) {
            top += size - head->size;
            head->size = size;
            head->list = list;
            return block;
        }
    }
    void *larger = take(UNIT, bytes);
    if (larger == NULL) return NULL;
    memcpy(larger, block, head->size);
    free(block);
    return larger;
}

void *reallocarray(void *block, size_t count, size_t bytes) {
    size_t all = 0;
    if (__builtin_mul_overflow(count, bytes, &all)) all = SIZE_MAX;
    return realloc(block, all);
}

void *memalign(size_t alignment, size_t bytes) { return take(alignment, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return take(alignment, bytes); }
void *valloc(size_t bytes) { return take(PAGE, bytes); }

int posix_memalign(void **block, size_t alignment, size_t bytes) {
    *block = take(alignment, bytes);
    return *block == NULL ? errno : 0;
}

size_t malloc_usable_size(void *block) { return block == NULL ? 0 : head_of(block)->size; }
