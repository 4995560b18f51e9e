/* The last frames with their times, and windows on a grid of even times cut from them. */
#ifndef P8_WINDOW_H
#define P8_WINDOW_H

#include "p8_cells.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    p8_row_t rows[P8_RING_ROWS];
    uint32_t first, count;
    int64_t begin_us; /* start of the grid: the first frame since the last long pause */
    uint32_t windows; /* windows taken since then */
    bool new_stretch; /* the grid has just started */
} p8_ring_t;

void p8_ring_reset(p8_ring_t *ring);

/* Keep a frame; one in which no ROI is valid is not kept. Times lie within 2^53 microseconds of zero. */
p8_status_t p8_ring_push(p8_ring_t *ring, const p8_row_t *row);

/* Whether frames reach the next window's last sample. */
bool p8_ring_due(const p8_ring_t *ring);

/* Frames of the next window, from the one at or before its first sample to the one at or after its last. */
typedef struct {
    const p8_ring_t *ring;
    uint32_t first, count; /* within the ring, from its oldest */
    uint32_t samples;      /* P8_WINDOW, or fewer of a first window that is not full yet */
    int64_t start_us;      /* time of the first sample */
} p8_window_t;

/* Samples that frames reach already of a stretch's first window while it is not full; else 0. */
uint32_t p8_ring_early(const p8_ring_t *ring);

/* That window as far as frames reach; nothing is taken. It is valid until the next push. */
p8_window_t p8_ring_first(const p8_ring_t *ring);

/* Take the next window; it is valid until the next push. Only where one is due. */
p8_window_t p8_ring_take(p8_ring_t *ring);

const p8_row_t *p8_window_row(const p8_window_t *window, uint32_t index);

/* Whether no pause of an ROI, at the window's ends included, is too long to interpolate. */
bool p8_window_whole(const p8_window_t *window, int roi);

/* Share of the window's frames in which an ROI is valid. */
float p8_window_share(const p8_window_t *window, int roi);

/*
 * One cell, evenly sampled. Between frames the colour is a straight line; of a camera faster than the samples each
 * sample is the line's mean over one interval about its time.
 */
void p8_window_sample(const p8_window_t *window, int roi, int cell, float samples[P8_WINDOW][3]);

#ifdef __cplusplus
}
#endif

#endif
