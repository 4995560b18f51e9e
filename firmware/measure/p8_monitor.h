/*
 * The board's measure line: rows of cell colours in, heart rates out. All its memory comes from the caller.
 *
 * A reading is one window's own rate, by the model's rules. What a display shows is p8_monitor_shown: the rate that is
 * followed from window to window. It changes with each reading, and once a second while the face is away: push the rows
 * of frames without a face too, their times are what makes the rate fade.
 */
#ifndef P8_MONITOR_H
#define P8_MONITOR_H

#include "p8_cells.h"
#include "p8_rate.h"
#include "p8_shown.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Runs the network: from the clip at `clip` to the wave, which it points out. The CPU's own is p8_cpu_network; with an
 * NPU the vendor's buffers and calls take its place.
 */
typedef struct {
    int8_t *clip; /* int8 [P8_ROIS * P8_CELLS][P8_WINDOW][P8_INPUTS] */
    p8_status_t (*run)(void *context, const int8_t **wave);
    void *context;
} p8_network_t;

typedef struct {
    p8_rate_t rate;
    int64_t start_us, end_us; /* of the wave that it was read from */
    bool provisional;         /* the joined wave is not full yet */
} p8_reading_t;

typedef struct p8_monitor p8_monitor_t;

/* Bytes that p8_monitor_begin needs, on a multiple of 16. */
size_t p8_monitor_bytes(void);

/* network may be NULL: the CPU's own, in the same memory. */
p8_status_t p8_monitor_begin(void *memory, size_t bytes, const p8_network_t *network, p8_monitor_t **monitor);

/* Discard all frames. */
void p8_monitor_reset(p8_monitor_t *monitor);

/* Keep a frame. */
p8_status_t p8_monitor_push(p8_monitor_t *monitor, const p8_row_t *row);

/* Whether a window is complete: then p8_monitor_clip and p8_monitor_read are due. */
bool p8_monitor_due(const p8_monitor_t *monitor);

/* Samples of a stretch's first window that frames reach already while it is not full; else 0. */
uint32_t p8_monitor_early(const p8_monitor_t *monitor);

/*
 * What can be read of that window, from 5 s of it on: zeros, then what there is, as the network has seen in training. It
 * is provisional, and what is shown (p8_monitor_shown) does not follow it.
 */
p8_status_t p8_monitor_read_early(p8_monitor_t *monitor, p8_reading_t *reading);

/* Make the clip of the window that is due; P8_REASON_NONE, or why there is none. */
p8_reason_t p8_monitor_clip(p8_monitor_t *monitor);

/* The reading of a window without a clip; joined waves are discarded, as a gap is not joined across. */
p8_reading_t p8_monitor_refused(p8_monitor_t *monitor, p8_reason_t reason);

/* The clip that was made last; the network on the CPU runs over it. */
const int8_t *p8_monitor_codes(const p8_monitor_t *monitor);

/* The CPU network's arena, P8_ARENA_BYTES; free for other use between calls. */
int8_t *p8_monitor_arena(p8_monitor_t *monitor);

/* Run the network on it and join its wave to those before. */
p8_status_t p8_monitor_infer(p8_monitor_t *monitor);

/* Read the rate of the joined wave. */
p8_reading_t p8_monitor_rate(p8_monitor_t *monitor);

/* The joined wave, band-passed, as its rate was read from; returns its samples, 0 where no window has a wave. */
uint32_t p8_monitor_wave(p8_monitor_t *monitor, float wave[P8_JOINED]);

/* All of it: the reading of the window that is due. */
p8_status_t p8_monitor_read(p8_monitor_t *monitor, p8_reading_t *reading);

/* What stands on a display now; before the first window: too short. */
p8_shown_t p8_monitor_shown(const p8_monitor_t *monitor);

#ifdef __cplusplus
}
#endif

#endif
