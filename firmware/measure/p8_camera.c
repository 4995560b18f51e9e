#include "p8_camera.h"

#include "p8_model.h"

#if P8_CAMERA
#include "p8_track.h"

#include <string.h>

#define FARTHEST_US (INT64_C(1) << 53) /* as of rows */
#define WINDOW_US (P8_WINDOW * INT64_C(1000000000) / P8_RATE_MHZ)
#define INTERVAL_US (WINDOW_US / (P8_RING_ROWS - 3)) /* of as many pictures as there is room for */
#define EARLY_SAMPLES (5 * P8_RATE_MHZ / 1000)
#define EVERY_US 1000000 /* between two readings of a window that is not full */
#define FRESH_US 1500000 /* how long such a reading stands */
#define MOST_BACK 10     /* pictures in a row whose time does not increase: the clock was set, all begins anew */

struct p8_camera {
    p8_track_t track;
    p8_monitor_t *monitor;
    p8_seen_t seen;
    p8_row_t row;
    int64_t last_us, next_us; /* of the last picture; when the next one is awaited */
    int64_t sight_us;    /* since when the face has been in every picture */
    p8_reading_t early; /* of a window that is not full */
    uint32_t number, back;
    bool begun, provisional, has_early, in_sight;
};

static size_t rounded_up(size_t bytes)
{
    return (bytes + P8_ALIGN - 1) / P8_ALIGN * P8_ALIGN;
}

size_t p8_camera_bytes(void)
{
    return rounded_up(sizeof(p8_camera_t)) + p8_monitor_bytes();
}

p8_status_t p8_camera_begin_on(void *memory, size_t bytes, const p8_network_t *network, p8_camera_t **camera)
{
    if ((uintptr_t)memory % P8_ALIGN) {
        return P8_MISALIGNED;
    }
    if (bytes < p8_camera_bytes()) {
        return P8_TOO_SMALL;
    }
    const size_t own = rounded_up(sizeof(p8_camera_t));
    *camera = (p8_camera_t *)memory;
    memset(*camera, 0, sizeof **camera);
    const p8_status_t status =
        p8_monitor_begin((uint8_t *)memory + own, bytes - own, network, &(*camera)->monitor);
    p8_camera_reset(*camera);
    return status;
}

p8_status_t p8_camera_begin(void *memory, size_t bytes, p8_camera_t **camera)
{
    return p8_camera_begin_on(memory, bytes, NULL, camera);
}

void p8_camera_reset(p8_camera_t *camera)
{
    p8_track_reset(&camera->track);
    p8_monitor_reset(camera->monitor);
    memset(&camera->seen, 0, sizeof camera->seen);
    camera->number = camera->back = 0;
    camera->begun = camera->provisional = camera->has_early = camera->in_sight = false;
}

p8_status_t p8_camera_choose(p8_camera_t *camera, int32_t face)
{
    if (face < P8_FACE_RIGHT || face > P8_FACE_LAST) {
        return P8_BAD_VALUE;
    }
    p8_camera_reset(camera);
    camera->track.wanted = face;
    return P8_OK;
}

/* Where the face is, and its skin's colours. */
static p8_status_t measure(p8_camera_t *camera, const p8_picture_t *picture, int64_t t_us)
{
    p8_seen_t *seen = &camera->seen;
    p8_face_t face;
    memset(seen, 0, sizeof *seen);
    seen->found = p8_track_look(&camera->track, picture, t_us, p8_monitor_arena(camera->monitor), &face);
    seen->faces = camera->track.faces;
    if (seen->found) {
        seen->face = face;
        seen->score = p8_score(camera->track.face.code);
        seen->place = camera->track.place;
        p8_rois(&face, seen->rois);
    }
    const p8_status_t status = p8_measure_row(picture, seen->found ? &face : NULL, t_us, &camera->row);
    memcpy(seen->reason, camera->row.reason, sizeof seen->reason);
    return status;
}

static p8_status_t read_window(p8_camera_t *camera)
{
    p8_reading_t reading;
    const p8_status_t status = p8_monitor_read(camera->monitor, &reading);
    if (status == P8_OK) {
        camera->provisional = reading.provisional;
        camera->has_early = false;
        camera->number++;
    }
    return status;
}

/* Read what there is of a window that is not full, once a second from 5 s of it on. */
static p8_status_t read_early(p8_camera_t *camera)
{
    const uint32_t samples = p8_monitor_early(camera->monitor);
    if (samples < EARLY_SAMPLES || (camera->has_early && camera->last_us - camera->early.end_us < EVERY_US)) {
        return P8_OK;
    }
    const p8_status_t status = p8_monitor_read_early(camera->monitor, &camera->early);
    camera->has_early = status == P8_OK;
    camera->number += status == P8_OK;
    return status;
}

/* A clock that was set runs on from another time: after some pictures that is the time. */
static p8_status_t out_of_order(p8_camera_t *camera)
{
    if (++camera->back >= MOST_BACK) {
        p8_camera_reset(camera);
    }
    return P8_OUT_OF_ORDER;
}

/* Keep the row, and read what is due. */
static p8_status_t take_row(p8_camera_t *camera)
{
    const p8_row_t *row = &camera->row;
    const bool measured = row->valid[0] || row->valid[1] || row->valid[2];
    camera->sight_us = camera->in_sight && measured ? camera->sight_us : row->t_us;
    camera->in_sight = measured;
    const p8_status_t status = p8_monitor_push(camera->monitor, row);
    if (status != P8_OK) {
        return status;
    }
    return p8_monitor_due(camera->monitor) ? read_window(camera) : read_early(camera);
}

/* Whether a moment is taken; *taken is false too where it is left out, of a camera that is faster than the ring has room for. */
static p8_status_t take_time(p8_camera_t *camera, int64_t t_us, bool *taken)
{
    *taken = false;
    if (t_us < -FARTHEST_US || t_us > FARTHEST_US) {
        return P8_BAD_VALUE;
    }
    if (camera->begun && t_us <= camera->last_us) {
        return out_of_order(camera);
    }
    if (camera->begun && t_us < camera->next_us - INTERVAL_US / 2) {
        return P8_OK;
    }
    const int64_t after = camera->begun && camera->next_us > t_us - INTERVAL_US ? camera->next_us : t_us;
    camera->next_us = after + INTERVAL_US;
    camera->begun = true;
    camera->last_us = t_us;
    camera->back = 0;
    *taken = true;
    return P8_OK;
}

p8_status_t p8_camera_push(p8_camera_t *camera, const p8_picture_t *picture, int64_t t_us)
{
    if (!p8_picture_usable(picture) || picture->width < P8_LEAST_SIDE_PX || picture->height < P8_LEAST_SIDE_PX) {
        return P8_BAD_VALUE;
    }
    bool taken;
    p8_status_t status = take_time(camera, t_us, &taken);
    if (taken) {
        status = measure(camera, picture, t_us);
        status = status == P8_OK ? take_row(camera) : status;
    }
    return status;
}

p8_status_t p8_camera_push_row(p8_camera_t *camera, const p8_row_t *row)
{
    bool taken;
    const p8_status_t status = take_time(camera, row->t_us, &taken);
    if (!taken) {
        return status;
    }
    camera->row = *row;
    memset(&camera->seen, 0, sizeof camera->seen);
    camera->seen.found = row->valid[0] || row->valid[1] || row->valid[2];
    memcpy(camera->seen.reason, row->reason, sizeof row->reason);
    return take_row(camera);
}

/*
 * Why there is no number: the first ROI's reason, where none is measured; else pictures, which alone are missing where the
 * face has been in all of them for a whole window.
 */
static p8_reason_t waiting_for(const p8_camera_t *camera)
{
    if (!camera->seen.found) {
        return P8_REASON_NO_FACE;
    }
    if (!camera->in_sight) {
        return (p8_reason_t)camera->seen.reason[0];
    }
    return camera->last_us - camera->sight_us < WINDOW_US ? P8_REASON_TOO_SHORT : P8_REASON_TOO_FEW;
}

static float seconds_since(const p8_camera_t *camera, int64_t then_us)
{
    const int64_t since_us = camera->last_us - then_us;
    return since_us > 0 ? (float)since_us * 1e-6f : 0;
}

/* The number of a window that is not full: where nothing else is shown, and nothing came after it. */
static bool stands_early(const p8_camera_t *camera, const p8_shown_t *shown)
{
    return camera->has_early && shown->reason != P8_REASON_NONE && camera->last_us - camera->early.end_us < FRESH_US;
}

p8_number_t p8_camera_reading(const p8_camera_t *camera)
{
    const p8_shown_t shown = p8_monitor_shown(camera->monitor);
    p8_number_t number;
    memset(&number, 0, sizeof number);
    number.number = camera->number;
    if (stands_early(camera, &shown)) {
        number.provisional = true;
        number.reason = camera->early.rate.reason;
        number.bpm = camera->early.rate.bpm;
        number.confidence = number.reason == P8_REASON_NONE ? camera->early.rate.confidence : 0;
        number.age_s = number.reason == P8_REASON_NONE ? seconds_since(camera, camera->early.end_us) : 0;
        return number;
    }
    const bool waits = shown.reason == P8_REASON_TOO_SHORT || shown.reason == P8_REASON_NO_FACE;
    number.reason = waits ? waiting_for(camera) : shown.reason;
    if (number.reason == P8_REASON_NONE) {
        number.bpm = shown.bpm;
        number.plus_minus = shown.spread_bpm;
        number.confidence = shown.confidence;
        number.age_s = shown.age_s + seconds_since(camera, shown.at_us);
        number.provisional = camera->provisional;
    }
    return number;
}

const p8_row_t *p8_camera_row(const p8_camera_t *camera)
{
    return &camera->row;
}

p8_monitor_t *p8_camera_monitor(const p8_camera_t *camera)
{
    return camera->monitor;
}

const p8_seen_t *p8_camera_seen(const p8_camera_t *camera)
{
    return &camera->seen;
}
#endif
