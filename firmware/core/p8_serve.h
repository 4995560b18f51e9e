/*
 * Answers the host: what the board is, the network on bytes that are sent, a recording replayed, cycles, a recording
 * made. Targets bring bytes in and out, a clock, and their network.
 */
#ifndef P8_SERVE_H
#define P8_SERVE_H

#include "p8_link.h"
#include "p8_model.h"
#if P8_CAMERA
#include "p8_camera.h"
#elif P8_MONITORED
#include "p8_monitor.h"
#endif

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    P8_INFO = 1,    /* -> target, vector code, nets, and their sizes */
    P8_RUN = 2,     /* net, flags, input -> [layers] output */
    P8_REPLAY = 3,  /* flags, row -> whether there is a reading, reading, [clip] */
    P8_PICTURE = 4, /* flags, width, height, time, key points, pixels -> row, then as P8_REPLAY */
    P8_CYCLES = 5,  /* -> cycles of the last clip, network and rate */
    P8_VIEW = 7,    /* flags, format, width, height, time, pixels -> what was seen, the number */
    P8_RECORD = 6,  /* how many rows -> rows, one per answer, as the camera gives them */
} p8_command_t;

enum { P8_RUN_LAYERS = 1, P8_RUN_CHECKSUMS = 2 };   /* RUN: before the output also every layer's bytes, or its CRC-32 */
enum { P8_REPLAY_RESET = 1, P8_REPLAY_CLIP = 2 };   /* REPLAY, PICTURE: discard all frames first; also send the clip */
enum { P8_ROW_BYTES = 8 + 36 * 4 + 3 * 4 + 3 + 3 }; /* a row on the line: time, colours, areas, valid, reasons */
enum { P8_SEEN_BYTES = 1 + 4 + 4 + 48 + 48 + 3, P8_NUMBER_BYTES = 4 * 4 + 4 + 2 };
enum { P8_SHOWN_BYTES = 8 + 4 * 4 + 1 };            /* moment, BPM, spread, confidence, age, reason */
enum { P8_READING_BYTES = 8 + 8 + 3 * 4 + 2 + P8_SHOWN_BYTES }; /* start, end, BPM, confidence, seconds, reason, provisional; shown */

typedef struct {
    uint8_t target;           /* p8_target_t */
    uint32_t clock_hz;        /* of cycles(); 0 where there is no counter */
    uint32_t (*cycles)(void); /* free running; may be NULL */
    p8_status_t (*run)(void *context, uint8_t net, const uint8_t *input, int8_t *output); /* NULL: the CPU's */
    void *context;
} p8_target_t;

enum { P8_TARGET_HOST = 0, P8_TARGET_M55 = 1, P8_TARGET_NPU = 2 };

typedef struct {
    p8_target_t target;
    p8_link_t link;
    p8_sender_t sender;
    int8_t *arena;      /* P8_ARENA_BYTES on a multiple of 16; the monitor's own serves */
    uint32_t cycles[3]; /* of the last clip, network and rate */
#if P8_MONITORED
    p8_monitor_t *monitor;
#endif
#if P8_CAMERA
    p8_camera_t *camera; /* its monitor is the one above */
#endif
    uint32_t rows_left; /* of a recording */
} p8_serve_t;

/* Take a byte from the line; answers when it completes a frame. */
void p8_serve_byte(p8_serve_t *serve, uint8_t byte);

#if P8_MONITORED
/* A row as it travels on the line, P8_ROW_BYTES. */
p8_row_t p8_row_of(const uint8_t *bytes);

/* The camera's next row: sent while a recording is asked for. */
void p8_serve_row(p8_serve_t *serve, const p8_row_t *row);
#endif

#ifdef __cplusplus
}
#endif

#endif
