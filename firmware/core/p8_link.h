/*
 * Frames over a serial line, little endian:
 *
 *     'P' '8' version command model[8] length[4] payload[length] crc[4]
 *
 * model: the first bytes of the model's SHA-256; zeros mean any. crc: CRC-32 (IEEE 802.3) of all from version to the
 * payload's end. An answer has the command's bit 7 set and ends its payload with a p8_status_t byte.
 */
#ifndef P8_LINK_H
#define P8_LINK_H

#include "p8_status.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define P8_LINK_VERSION 1
#define P8_LINK_HEAD 16 /* bytes before the payload */
#define P8_LINK_MODEL 8
#define P8_LINK_ANSWER 0x80

uint32_t p8_crc32(uint32_t crc, const void *data, size_t bytes);

typedef struct {
    uint8_t command;
    uint8_t model[P8_LINK_MODEL];
    const uint8_t *payload;
    uint32_t length;
} p8_frame_t;

typedef struct {
    uint8_t *buffer;
    size_t capacity, filled;
} p8_link_t;

typedef enum { P8_LINK_MORE, P8_LINK_FRAME, P8_LINK_BROKEN } p8_link_event_t;

/* buffer holds a whole frame: longer ones are refused as soon as their length is read. */
void p8_link_begin(p8_link_t *link, uint8_t *buffer, size_t capacity);

/* Drop a half-received frame: call it when the line has been silent for a fifth of a second. */
void p8_link_idle(p8_link_t *link);

/* Take a byte. A frame is valid until the next byte; *why is the reason where one is dropped. */
p8_link_event_t p8_link_feed(p8_link_t *link, uint8_t byte, p8_frame_t *frame, p8_status_t *why);

/* Sends bytes; blocks until they are taken. */
typedef void (*p8_write_t)(void *context, const void *data, size_t bytes);

typedef struct {
    p8_write_t write;
    void *context;
    uint32_t crc;
} p8_sender_t;

/* An answer starts with its payload's length, is sent piece by piece, and ends with its status. */
void p8_send_begin(p8_sender_t *sender, uint8_t command, const uint8_t model[P8_LINK_MODEL], uint32_t length);
void p8_send(p8_sender_t *sender, const void *data, size_t bytes);
void p8_send_end(p8_sender_t *sender, p8_status_t status);

#ifdef __cplusplus
}
#endif

#endif
