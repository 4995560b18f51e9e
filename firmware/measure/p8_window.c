#include "p8_window.h"

#define SLACK_US 1            /* a microsecond is too short for a frame interval */
#define FARTHEST_US (INT64_C(1) << 53) /* 285 years: above any camera's clock, and no sum of times overflows */
#define LONGEST_GAP_US 500000 /* a straight line over half a second hides at most one and a half beats */
#define FASTER 1.05f          /* a camera counts as faster than the samples from 5 % on */
#define NARROWEST_US 50.0f    /* half of an interval over which a mean is the value itself */
#define INTERVAL_US (1e6f / P8_RATE_HZ)

void p8_ring_reset(p8_ring_t *ring)
{
    ring->first = ring->count = ring->windows = 0;
    ring->begin_us = 0;
    ring->new_stretch = true;
}

static const p8_row_t *row_at(const p8_ring_t *ring, uint32_t index)
{
    return &ring->rows[(ring->first + index) % P8_RING_ROWS];
}

/* Time of a sample after the start of the grid, in microseconds, rounded to the nearest. */
static int64_t grid_us(int64_t samples)
{
    return (samples * 1000000000 + P8_RATE_MHZ / 2) / P8_RATE_MHZ;
}

static int64_t start_us(const p8_ring_t *ring)
{
    return ring->begin_us + grid_us((int64_t)ring->windows * P8_HOP);
}

static int64_t last_us(const p8_ring_t *ring)
{
    return ring->begin_us + grid_us((int64_t)ring->windows * P8_HOP + P8_WINDOW - 1);
}

/* Time of a window's last sample after its first. */
static int64_t length_us(const p8_window_t *window)
{
    return grid_us((int64_t)window->samples - 1);
}

/* Drop frames before the one that the next window's first sample is read off. */
static void forget(p8_ring_t *ring)
{
    while (ring->count > 1 && row_at(ring, 1)->t_us <= start_us(ring) + SLACK_US) {
        ring->first = (ring->first + 1) % P8_RING_ROWS;
        ring->count--;
    }
}

p8_status_t p8_ring_push(p8_ring_t *ring, const p8_row_t *row)
{
    if (!(row->valid[0] || row->valid[1] || row->valid[2])) {
        return P8_OK;
    }
    if (row->t_us < -FARTHEST_US || row->t_us > FARTHEST_US) {
        return P8_BAD_VALUE;
    }
    if (ring->count) {
        const int64_t gap_us = row->t_us - row_at(ring, ring->count - 1)->t_us;
        if (gap_us <= 0) {
            return P8_OUT_OF_ORDER;
        }
        if (gap_us > LONGEST_GAP_US) {
            p8_ring_reset(ring);
        }
    }
    if (!ring->count) {
        ring->begin_us = row->t_us;
    }
    forget(ring);
    if (ring->count == P8_RING_ROWS) {
        p8_ring_reset(ring);
        return P8_RING_FULL;
    }
    ring->rows[(ring->first + ring->count) % P8_RING_ROWS] = *row;
    ring->count++;
    return P8_OK;
}

static int64_t newest_us(const p8_ring_t *ring)
{
    return row_at(ring, ring->count - 1)->t_us;
}

bool p8_ring_due(const p8_ring_t *ring)
{
    return ring->count && newest_us(ring) >= last_us(ring) - SLACK_US;
}

uint32_t p8_ring_early(const p8_ring_t *ring)
{
    if (!ring->count || ring->windows || p8_ring_due(ring)) {
        return 0;
    }
    return (uint32_t)((newest_us(ring) - ring->begin_us + SLACK_US) * P8_RATE_MHZ / 1000000000) + 1;
}

p8_window_t p8_ring_first(const p8_ring_t *ring)
{
    return (p8_window_t){
        .ring = ring, .count = ring->count, .samples = p8_ring_early(ring), .start_us = ring->begin_us};
}

p8_window_t p8_ring_take(p8_ring_t *ring)
{
    forget(ring);
    p8_window_t window = {.ring = ring, .samples = P8_WINDOW, .start_us = start_us(ring)};
    while (row_at(ring, window.count)->t_us < last_us(ring) - SLACK_US) {
        window.count++;
    }
    window.count++;
    ring->windows++;
    ring->new_stretch = false;
    return window;
}

const p8_row_t *p8_window_row(const p8_window_t *window, uint32_t index)
{
    return row_at(window->ring, window->first + index);
}

float p8_window_share(const p8_window_t *window, int roi)
{
    uint32_t valid = 0;
    for (uint32_t index = 0; index < window->count; index++) {
        valid += p8_window_row(window, index)->valid[roi];
    }
    return (float)valid / (float)window->count;
}

bool p8_window_whole(const p8_window_t *window, int roi)
{
    int64_t before_us = window->start_us;
    uint32_t seen = 0;
    for (uint32_t index = 0; index < window->count; index++) {
        const p8_row_t *row = p8_window_row(window, index);
        if (!row->valid[roi]) {
            continue;
        }
        if (row->t_us - before_us > LONGEST_GAP_US) {
            return false;
        }
        before_us = row->t_us;
        seen++;
    }
    return seen > 1 && window->start_us + length_us(window) - before_us <= LONGEST_GAP_US;
}

/* Walks along the frames in which one ROI is valid: a segment is the straight line between two neighbours. */
typedef struct {
    const p8_window_t *window;
    int roi, cell;
    uint32_t left, right;    /* frames at the segment's ends */
    float left_us, right_us; /* after the window's start; exact, being under 2^24 */
} p8_walk_t;

static uint32_t next_valid(const p8_window_t *window, int roi, uint32_t index)
{
    while (index < window->count && !p8_window_row(window, index)->valid[roi]) {
        index++;
    }
    return index;
}

static float after_start_us(const p8_window_t *window, uint32_t index)
{
    return (float)(int32_t)(p8_window_row(window, index)->t_us - window->start_us);
}

static p8_walk_t walk_begin(const p8_window_t *window, int roi, int cell)
{
    p8_walk_t walk = {.window = window, .roi = roi, .cell = cell};
    walk.left = next_valid(window, roi, 0);
    walk.right = next_valid(window, roi, walk.left + 1);
    walk.left_us = after_start_us(window, walk.left);
    walk.right_us = after_start_us(window, walk.right);
    return walk;
}

/* Step to the next segment; false at the last one. */
static bool walk_on(p8_walk_t *walk)
{
    const uint32_t next = next_valid(walk->window, walk->roi, walk->right + 1);
    if (next == walk->window->count) {
        return false;
    }
    walk->left = walk->right;
    walk->left_us = walk->right_us;
    walk->right = next;
    walk->right_us = after_start_us(walk->window, next);
    return true;
}

/* Step to the segment that a time lies in. */
static void walk_to(p8_walk_t *walk, float at_us)
{
    while (at_us >= walk->right_us && walk_on(walk)) {
    }
}

static float value_at(const p8_walk_t *walk, int channel, float at_us)
{
    const float left = p8_window_row(walk->window, walk->left)->rgb[walk->roi][walk->cell][channel];
    const float right = p8_window_row(walk->window, walk->right)->rgb[walk->roi][walk->cell][channel];
    return left + (right - left) * ((at_us - walk->left_us) / (walk->right_us - walk->left_us));
}

/* The line's mean between two times: walk stands at or before the first and ends at the second's segment. */
static void mean_between(p8_walk_t *walk, float from_us, float to_us, float sample[3])
{
    float area[3] = {0, 0, 0}, width_us = 0;
    walk_to(walk, from_us);
    for (float at_us = from_us; at_us < to_us;) {
        const bool inside = to_us <= walk->right_us;
        const float end_us = inside ? to_us : walk->right_us;
        for (int channel = 0; channel < 3; channel++) {
            area[channel] += value_at(walk, channel, 0.5f * (at_us + end_us)) * (end_us - at_us);
        }
        width_us += end_us - at_us;
        at_us = end_us;
        if (!inside && !walk_on(walk)) {
            break;
        }
    }
    for (int channel = 0; channel < 3; channel++) {
        sample[channel] = area[channel] / width_us;
    }
}

/* Half of the interval that a sample stands for: none of a slower camera, narrower near the ends. */
static float half_interval_us(bool faster, float at_us, float begin_us, float end_us)
{
    const float before = at_us - begin_us, after = end_us - at_us;
    const float room = before < after ? before : after;
    return !faster ? 0.0f : room < 0.5f * INTERVAL_US ? room : 0.5f * INTERVAL_US;
}

void p8_window_sample(const p8_window_t *window, int roi, int cell, float samples[P8_WINDOW][3])
{
    p8_walk_t walk = walk_begin(window, roi, cell);
    const float begin_us = walk.left_us;
    p8_walk_t last = walk;
    uint32_t seen = 2;
    while (walk_on(&last)) {
        seen++;
    }
    const float end_us = last.right_us;
    const bool faster = (float)(seen - 1) * INTERVAL_US > FASTER * (end_us - begin_us);
    for (uint32_t index = 0; index < window->samples; index++) {
        const float grid = (float)index * INTERVAL_US;
        const float at_us = grid < begin_us ? begin_us : grid > end_us ? end_us : grid;
        const float half_us = half_interval_us(faster, at_us, begin_us, end_us);
        if (half_us > NARROWEST_US) {
            mean_between(&walk, at_us - half_us, at_us + half_us, samples[index]);
        } else {
            walk_to(&walk, at_us);
            for (int channel = 0; channel < 3; channel++) {
                samples[index][channel] = value_at(&walk, channel, at_us);
            }
        }
    }
}
