#include "p8_monitor.h"

#include "p8_filter.h"
#include "p8_join.h"
#include "p8_model.h"
#include "p8_normalise.h"
#include "p8_trust.h"
#include "p8_window.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

/* Work memory of the stages of an update, which run one after the other. */
typedef union {
    struct {
        float samples[P8_WINDOW][3], colours[P8_WINDOW][3];
        p8_detrend_t detrend;
    } clip;
    struct {
        float wave[P8_JOINED];
        union {
            float filter[P8_JOINED + 2 * P8_FILTER_MIRRORED];
            p8_spectrum_t spectrum;
            p8_trust_room_t trust;
            p8_tracker_room_t tracker;
        };
    } rate;
} p8_room_t;

struct p8_monitor {
    p8_ring_t ring;
    p8_join_t join;
    p8_evidence_t evidence;
    p8_room_t room;
    p8_network_t network;
    p8_tracker_t tracker;
    p8_shown_t shown;
    int64_t start_us; /* of the window made last */
    uint32_t length;  /* its samples: the wave's last ones */
    alignas(P8_ALIGN) int8_t arena[P8_ARENA_BYTES];
};

static_assert(P8_WINDOW * 1000LL < 16LL * P8_RATE_MHZ,
               "times in a window are exact in float32 only below 2^24 microseconds");

size_t p8_monitor_bytes(void)
{
    return sizeof(p8_monitor_t);
}

static p8_status_t run_on_cpu(void *context, const int8_t **wave)
{
    p8_monitor_t *monitor = (p8_monitor_t *)context;
    *wave = monitor->arena + p8_nets[0].output;
    return p8_net_run(&p8_nets[0], monitor->arena, sizeof monitor->arena, NULL, NULL);
}

p8_status_t p8_monitor_begin(void *memory, size_t bytes, const p8_network_t *network, p8_monitor_t **monitor)
{
    if ((uintptr_t)memory % P8_ALIGN) {
        return P8_MISALIGNED;
    }
    if (bytes < sizeof(p8_monitor_t)) {
        return P8_TOO_SMALL;
    }
    *monitor = (p8_monitor_t *)memory;
    (*monitor)->network =
        network ? *network
                : (p8_network_t){.clip = (*monitor)->arena + p8_nets[0].input, .run = run_on_cpu, .context = *monitor};
    p8_monitor_reset(*monitor);
    return P8_OK;
}

void p8_monitor_reset(p8_monitor_t *monitor)
{
    p8_ring_reset(&monitor->ring);
    p8_join_reset(&monitor->join);
    p8_shown_reset(&monitor->tracker);
    monitor->shown = (p8_shown_t){.reason = P8_REASON_TOO_SHORT};
    memset(monitor->arena, 0, sizeof monitor->arena);
}

/* Let a pause pass until a moment; the room is free between updates. */
static void pause_until(p8_monitor_t *monitor, int64_t until_us, p8_reason_t reason)
{
    (void)p8_shown_pause(&monitor->tracker, until_us, reason, &monitor->room.rate.tracker, &monitor->shown);
}

p8_status_t p8_monitor_push(p8_monitor_t *monitor, const p8_row_t *row)
{
    const p8_status_t status = p8_ring_push(&monitor->ring, row);
    if (status == P8_OK && !p8_ring_due(&monitor->ring)) {
        const p8_reason_t reason = (p8_reason_t)row->reason[0];
        pause_until(monitor, row->t_us, reason != P8_REASON_NONE ? reason : P8_REASON_NO_FACE);
    }
    return status;
}

bool p8_monitor_due(const p8_monitor_t *monitor)
{
    return p8_ring_due(&monitor->ring);
}

/* Mean area of one of an ROI's cells over the frames in which it is valid. */
static float cell_pixels(const p8_window_t *window, int roi)
{
    float sum = 0, frames = 0;
    for (uint32_t index = 0; index < window->count; index++) {
        const p8_row_t *row = p8_window_row(window, index);
        sum += row->valid[roi] ? row->pixels[roi] : 0;
        frames += row->valid[roi];
    }
    return sum / frames / P8_CELLS;
}

/* Normalise the four cells of an ROI and sum their colours; a shorter window's codes are the clip's last ones. */
static void clip_roi(p8_monitor_t *monitor, const p8_window_t *window, int roi, int8_t *clip)
{
    const float area = cell_pixels(window, roi);
    for (int cell = 0; cell < P8_CELLS; cell++) {
        float scale[3];
        p8_window_sample(window, roi, cell, monitor->room.clip.samples);
        int8_t *codes = clip + cell * P8_WINDOW * P8_INPUTS, *first = codes + (P8_WINDOW - window->samples) * P8_INPUTS;
        p8_normalise((const float(*)[3])monitor->room.clip.samples, (int)window->samples, area,
                     &monitor->room.clip.detrend, first, scale);
        p8_evidence_add(&monitor->evidence, roi, cell, codes, scale);
        for (uint32_t index = 0; index < window->samples; index++) {
            for (int channel = 0; channel < 3; channel++) {
                monitor->room.clip.colours[index][channel] += monitor->room.clip.samples[index][channel];
            }
        }
    }
}

static bool grey(p8_monitor_t *monitor, int rois)
{
    for (uint32_t index = 0; index < monitor->length; index++) {
        for (int channel = 0; channel < 3; channel++) {
            monitor->room.clip.colours[index][channel] /= (float)(rois * P8_CELLS);
        }
    }
    return p8_is_grey((const float(*)[3])monitor->room.clip.colours, (int)monitor->length);
}

static p8_reason_t make_clip(p8_monitor_t *monitor, p8_window_t window)
{
    monitor->start_us = window.start_us;
    monitor->length = window.samples;
    memset(monitor->network.clip, 0, (size_t)P8_ROIS * P8_CELLS * P8_WINDOW * P8_INPUTS);
    memset(monitor->room.clip.colours, 0, sizeof monitor->room.clip.colours);
    p8_evidence_reset(&monitor->evidence);
    int used = 0;
    for (int roi = 0; roi < P8_ROIS; roi++) {
        if (p8_window_share(&window, roi) >= P8_MIN_VALID_SHARE && p8_window_whole(&window, roi)) {
            clip_roi(monitor, &window, roi, monitor->network.clip + (size_t)roi * P8_CELLS * P8_WINDOW * P8_INPUTS);
            used++;
        }
    }
    return !used ? P8_REASON_NO_FACE : grey(monitor, used) ? P8_REASON_NO_COLOUR : P8_REASON_NONE;
}

p8_reason_t p8_monitor_clip(p8_monitor_t *monitor)
{
    if (monitor->ring.new_stretch) {
        p8_join_reset(&monitor->join);
    }
    return make_clip(monitor, p8_ring_take(&monitor->ring));
}

const int8_t *p8_monitor_codes(const p8_monitor_t *monitor)
{
    return monitor->network.clip;
}

int8_t *p8_monitor_arena(p8_monitor_t *monitor)
{
    return monitor->arena;
}

p8_status_t p8_monitor_infer(p8_monitor_t *monitor)
{
    const int8_t *wave;
    const p8_status_t status = monitor->network.run(monitor->network.context, &wave);
    if (status == P8_OK) {
        p8_join_add(&monitor->join, wave);
    }
    return status;
}

static int64_t end_us_of(const p8_monitor_t *monitor)
{
    return monitor->start_us + (int64_t)monitor->length * 1000000000 / P8_RATE_MHZ;
}

static p8_reading_t reading_of(const p8_monitor_t *monitor, p8_rate_t rate)
{
    const int64_t end_us = end_us_of(monitor);
    return (p8_reading_t){.rate = rate,
                          .start_us = end_us - (int64_t)(rate.seconds * 1e6f),
                          .end_us = end_us,
                          .provisional = monitor->join.windows < P8_JOIN_WINDOWS};
}

/* The model's rules weigh one window and its clip; without them, or on a joined wave, noise is refused. */
#define BY_RULES (P8_REFUSALS && P8_JOIN_WINDOWS == 1)

/* Follow the rate through the newest window, whether or not its own rate is refused. */
static void follow(p8_monitor_t *monitor, bool accepted)
{
    float *wave = monitor->room.rate.wave;
    const uint32_t count = p8_join_newest(&monitor->join, wave);
    const int64_t end_us = end_us_of(monitor);
    pause_until(monitor, end_us, P8_REASON_NO_FACE);
    p8_band_pass(wave, count, monitor->room.rate.filter);
    monitor->shown = p8_shown_push(&monitor->tracker, wave, count, end_us, accepted, &monitor->room.rate.tracker);
}

/* The rate of the joined wave, by the model's rules. */
static p8_rate_t rate_of(p8_monitor_t *monitor)
{
    float *wave = monitor->room.rate.wave;
    const uint32_t count = p8_join_wave(&monitor->join, wave);
#if !BY_RULES
    const int noise = p8_is_noise(wave, count, &monitor->room.rate.spectrum);
#endif
    p8_band_pass(wave, count, monitor->room.rate.filter);
    p8_rate_t rate = p8_rate(wave, count, &monitor->room.rate.spectrum);
    if (rate.reason == P8_REASON_NONE) {
#if BY_RULES
        float features[P8_FEATURES];
        p8_features(wave, count, rate, &monitor->evidence, &monitor->room.rate.trust, features);
        rate = p8_judged(p8_refusals, P8_REFUSALS, features, rate);
#else
        rate.reason = noise ? P8_REASON_NO_PULSE : P8_REASON_NONE;
        rate.bpm = noise ? 0 : rate.bpm;
#endif
    }
    if (rate.reason == P8_REASON_NONE) {
        const uint32_t whole = p8_join_wave(&monitor->join, wave), before = P8_WINDOW - monitor->length;
        rate.bpm = p8_refined(wave + before, whole - before, rate.bpm);
    }
    return rate;
}

p8_reading_t p8_monitor_rate(p8_monitor_t *monitor)
{
    const p8_rate_t rate = rate_of(monitor);
    follow(monitor, rate.reason == P8_REASON_NONE);
    return reading_of(monitor, rate);
}

uint32_t p8_monitor_early(const p8_monitor_t *monitor)
{
    return p8_ring_early(&monitor->ring);
}

p8_status_t p8_monitor_read_early(p8_monitor_t *monitor, p8_reading_t *reading)
{
    p8_rate_t rate = {.reason = make_clip(monitor, p8_ring_first(&monitor->ring))};
    p8_join_reset(&monitor->join);
    if (rate.reason == P8_REASON_NONE) {
        const p8_status_t status = p8_monitor_infer(monitor);
        if (status != P8_OK) {
            return status;
        }
        rate = rate_of(monitor);
    }
    rate.seconds = (float)monitor->length / P8_RATE_HZ;
    *reading = reading_of(monitor, rate);
    reading->provisional = true;
    return P8_OK;
}

uint32_t p8_monitor_wave(p8_monitor_t *monitor, float wave[P8_JOINED])
{
    if (!monitor->join.windows) {
        return 0;
    }
    const uint32_t before = P8_WINDOW - monitor->length, count = p8_join_wave(&monitor->join, wave) - before;
    memmove(wave, wave + before, sizeof *wave * count);
    p8_band_pass(wave, count, monitor->room.rate.filter);
    return count;
}

p8_reading_t p8_monitor_refused(p8_monitor_t *monitor, p8_reason_t reason)
{
    const int64_t end_us = end_us_of(monitor);
    p8_join_reset(&monitor->join);
    pause_until(monitor, end_us, reason);
    monitor->shown = p8_shown_wait(&monitor->tracker, end_us, reason, &monitor->room.rate.tracker);
    return reading_of(monitor, (p8_rate_t){.seconds = P8_WINDOW / P8_RATE_HZ, .reason = reason});
}

p8_status_t p8_monitor_read(p8_monitor_t *monitor, p8_reading_t *reading)
{
    const p8_reason_t reason = p8_monitor_clip(monitor);
    if (reason != P8_REASON_NONE) {
        *reading = p8_monitor_refused(monitor, reason);
        return P8_OK;
    }
    const p8_status_t status = p8_monitor_infer(monitor);
    if (status == P8_OK) {
        *reading = p8_monitor_rate(monitor);
    }
    return status;
}

p8_shown_t p8_monitor_shown(const p8_monitor_t *monitor)
{
    return monitor->shown;
}
