/*
 * The rate that is shown: one number a second, followed from window to window, with its spread, its age or a reason.
 *
 * A caller gives, in time order, each window's wave (p8_shown_push), and where there was none the time that passed
 * (p8_shown_wait). It gets what stands on a display at that moment. Windows are given whether or not a rule refuses
 * their own rate: all are weighed; but nothing is shown before one was accepted. p8_monitor does this; whoever has waves of his own calls these.
 *
 * State: P8_RATES + 1 floats and three times, in the caller's memory; no heap. Python and C agree within 0.05 BPM.
 */
#ifndef P8_SHOWN_H
#define P8_SHOWN_H

#include "p8_spec.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What stands on a display at a moment. */
typedef struct {
    int64_t at_us;        /* the moment */
    float bpm;            /* 0 where there is a reason */
    float spread_bpm;     /* how far the rate may be off, one standard deviation; 0 without a rate */
    float confidence;     /* belief that the rate is right within P8_NEAR_BPM, 0..1 */
    float age_s;          /* how long ago the last window that was read ended; 0 without a rate */
    p8_reason_t reason;   /* P8_REASON_NONE with a rate */
} p8_shown_t;

typedef struct {
    float belief[P8_RATES + 1]; /* of each rate from P8_BAND_LOW_BPM on, in steps; the last: no pulse */
    int64_t at_us, read_us;     /* until when the belief was brought; the end of the last window that was read */
    uint32_t waited;            /* seconds of the pause that it is in */
    bool begun;                 /* a window was read */
    bool trusted;               /* a window's own rate was accepted, and the rate has not faded since */
} p8_tracker_t;

/* Room to work in. */
typedef struct {
    float windowed[P8_WINDOW], weights[P8_RATES], spread[P8_RATES + 1];
} p8_tracker_room_t;

void p8_shown_reset(p8_tracker_t *tracker);

/*
 * Take the next window's wave of `count` samples, at most P8_WINDOW, band-passed, the time at which it ends, and whether
 * its own rate was accepted.
 */
p8_shown_t p8_shown_push(p8_tracker_t *tracker, const float *wave, uint32_t count, int64_t end_us, bool accepted,
                         p8_tracker_room_t *room);

/* Let time pass in which nothing was read, for a reason; the belief fades. */
p8_shown_t p8_shown_wait(p8_tracker_t *tracker, int64_t end_us, p8_reason_t reason, p8_tracker_room_t *room);

/*
 * Let the whole seconds of a pause pass that lie a second or more before a moment, where the next window ends no earlier
 * than that; a minute of one pause is followed. Whether any passed: then *shown is what stands there now.
 */
bool p8_shown_pause(p8_tracker_t *tracker, int64_t until_us, p8_reason_t reason, p8_tracker_room_t *room,
                    p8_shown_t *shown);

#ifdef __cplusplus
}
#endif

#endif
