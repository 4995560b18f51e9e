#include "p8_link.h"

#include <string.h>

uint32_t p8_crc32(uint32_t crc, const void *data, size_t bytes)
{
    /* Remainders of the sixteen half bytes, polynomial 0xEDB88320. */
    static const uint32_t table[16] = {0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
                                       0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
                                       0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C};
    const uint8_t *byte = (const uint8_t *)data;
    crc = ~crc;
    for (; bytes; bytes--, byte++) {
        crc = table[(crc ^ *byte) & 15] ^ (crc >> 4);
        crc = table[(crc ^ (uint32_t)(*byte >> 4)) & 15] ^ (crc >> 4);
    }
    return ~crc;
}

static uint32_t read_u32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void write_u32(uint8_t *bytes, uint32_t value)
{
    for (int index = 0; index < 4; index++) {
        bytes[index] = (uint8_t)(value >> 8 * index);
    }
}

void p8_link_begin(p8_link_t *link, uint8_t *buffer, size_t capacity)
{
    *link = (p8_link_t){.buffer = buffer, .capacity = capacity};
}

void p8_link_idle(p8_link_t *link)
{
    link->filled = 0;
}

static p8_link_event_t broken(p8_link_t *link, p8_status_t *why, p8_status_t status)
{
    link->filled = 0;
    *why = status;
    return P8_LINK_BROKEN;
}

/* Whether the bytes received so far can be the start of a frame. */
static int begins(const p8_link_t *link)
{
    const uint8_t magic[3] = {'P', '8', P8_LINK_VERSION};
    return memcmp(link->buffer, magic, link->filled < 3 ? link->filled : 3) == 0;
}

p8_link_event_t p8_link_feed(p8_link_t *link, uint8_t byte, p8_frame_t *frame, p8_status_t *why)
{
    link->buffer[link->filled++] = byte;
    if (!begins(link)) {
        link->buffer[0] = byte;
        link->filled = byte == 'P';
    }
    if (link->filled < P8_LINK_HEAD) {
        return P8_LINK_MORE;
    }
    const uint32_t length = read_u32(link->buffer + 12);
    if (length > link->capacity - P8_LINK_HEAD - 4) {
        return broken(link, why, P8_TOO_SMALL);
    }
    if (link->filled < P8_LINK_HEAD + length + 4) {
        return P8_LINK_MORE;
    }
    if (read_u32(link->buffer + P8_LINK_HEAD + length) != p8_crc32(0, link->buffer + 2, P8_LINK_HEAD - 2 + length)) {
        return broken(link, why, P8_GARBLED);
    }
    frame->command = link->buffer[3];
    memcpy(frame->model, link->buffer + 4, P8_LINK_MODEL);
    frame->payload = link->buffer + P8_LINK_HEAD;
    frame->length = length;
    link->filled = 0;
    return P8_LINK_FRAME;
}

void p8_send_begin(p8_sender_t *sender, uint8_t command, const uint8_t model[P8_LINK_MODEL], uint32_t length)
{
    uint8_t head[P8_LINK_HEAD] = {'P', '8', P8_LINK_VERSION, (uint8_t)(command | P8_LINK_ANSWER)};
    memcpy(head + 4, model, P8_LINK_MODEL);
    write_u32(head + 12, length + 1);
    sender->write(sender->context, head, sizeof head);
    sender->crc = p8_crc32(0, head + 2, sizeof head - 2);
}

void p8_send(p8_sender_t *sender, const void *data, size_t bytes)
{
    sender->write(sender->context, data, bytes);
    sender->crc = p8_crc32(sender->crc, data, bytes);
}

void p8_send_end(p8_sender_t *sender, p8_status_t status)
{
    const uint8_t last = (uint8_t)status;
    p8_send(sender, &last, 1);
    uint8_t crc[4];
    write_u32(crc, sender->crc);
    sender->write(sender->context, crc, sizeof crc);
}
