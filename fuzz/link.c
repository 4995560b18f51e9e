/*
 * What comes on the board's line, for libFuzzer. The first byte says how: even, the rest are the line's own bytes; odd,
 * they are questions (command, length[2], payload), each put into a frame of exactly its size with a correct sum, so that
 * reading past a frame's end is reading past an allocation's.
 */
#include "p8_program.h"

#include <stdlib.h>
#include <string.h>

static size_t sent;

static void swallow(void *context, const void *data, size_t bytes)
{
    const volatile uint8_t *read = data;
    (void)context;
    for (size_t index = 0; index < bytes; index++) {
        sent += read[index];
    }
}

static void feed(p8_serve_t *serve, const uint8_t *bytes, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        p8_serve_byte(serve, bytes[index]);
    }
}

static void ask(p8_serve_t *serve, uint8_t command, const uint8_t *payload, uint32_t length)
{
    const p8_link_t line = serve->link;
    const size_t size = P8_LINK_HEAD + length + 4;
    uint8_t *frame = calloc(1, size), *buffer = malloc(size);
    if (!frame || !buffer) {
        abort();
    }
    memcpy(frame, (uint8_t[4]){'P', '8', P8_LINK_VERSION, command}, 4);
    memcpy(frame + 12, &length, 4);
    if (length) {
        memcpy(frame + P8_LINK_HEAD, payload, length);
    }
    const uint32_t crc = p8_crc32(0, frame + 2, size - 6);
    memcpy(frame + size - 4, &crc, 4);
    p8_link_begin(&serve->link, buffer, size);
    feed(serve, frame, size);
    serve->link = line;
    free(buffer);
    free(frame);
}

/* A camera's row while a recording runs. */
static void film(p8_serve_t *serve)
{
#if P8_MONITORED
    static const uint8_t row[P8_ROW_BYTES];
    if (serve->rows_left) {
        p8_program_row(serve, row);
    }
#else
    (void)serve;
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    p8_serve_t *serve = p8_program_begin((p8_target_t){.target = P8_TARGET_HOST}, swallow, NULL);
    if (!serve) {
        abort();
    }
    if (!size) {
        return 0;
    }
    const uint8_t *end = data + size;
    if (!(*data++ & 1)) {
        feed(serve, data, (size_t)(end - data));
        return 0;
    }
    while (end - data >= 3) {
        const uint8_t command = data[0];
        uint32_t length = (uint32_t)data[1] | (uint32_t)data[2] << 8;
        data += 3;
        if (length > end - data) {
            length = (uint32_t)(end - data);
        }
        ask(serve, command, data, length);
        film(serve);
        data += length;
    }
    return 0;
}
