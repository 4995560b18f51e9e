#include "p8_camera.h"

#include "p8_model.h"

#if P8_CAMERA
#include "p8_track.h"

#include <string.h>

#define FARTHEST_US (INT64_C(1) << 53) /* as of rows */
#define INTERVAL_US (P8_WINDOW * INT64_C(1000000000) / P8_RATE_MHZ / (P8_RING_ROWS - 3)) /* of as many as there is room for */
#define MOST_BACK 10     /* pictures in a row whose time does not increase: the clock was set, all begins anew */

struct p8_camera {
    p8_track_t track;
    p8_monitor_t *monitor;
    p8_seen_t seen;
    p8_row_t row;
    int64_t last_us, next_us; /* of the last picture; when the next one is awaited */
    uint32_t number, back;
    bool begun, provisional;
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
    camera->begun = camera->provisional = false;
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
        camera->number++;
    }
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

p8_status_t p8_camera_push(p8_camera_t *camera, const p8_picture_t *picture, int64_t t_us)
{
    if (!p8_picture_usable(picture) || picture->width < P8_LEAST_SIDE_PX || picture->height < P8_LEAST_SIDE_PX ||
        t_us < -FARTHEST_US || t_us > FARTHEST_US) {
        return P8_BAD_VALUE;
    }
    if (camera->begun && t_us <= camera->last_us) {
        return out_of_order(camera);
    }
    if (camera->begun && t_us < camera->next_us - INTERVAL_US / 2) {
        return P8_OK; /* a faster camera than the ring has room for: this one is left out */
    }
    const int64_t after = camera->begun && camera->next_us > t_us - INTERVAL_US ? camera->next_us : t_us;
    camera->next_us = after + INTERVAL_US;
    camera->begun = true;
    camera->last_us = t_us;
    camera->back = 0;
    p8_status_t status = measure(camera, picture, t_us);
    if (status == P8_OK) {
        status = p8_monitor_push(camera->monitor, &camera->row);
    }
    return status == P8_OK && p8_monitor_due(camera->monitor) ? read_window(camera) : status;
}

/* Why there is no number: the first ROI's reason, where none is measured. */
static p8_reason_t waiting_for(const p8_seen_t *seen)
{
    if (!seen->found) {
        return P8_REASON_NO_FACE;
    }
    const bool measured = !(seen->reason[0] && seen->reason[1] && seen->reason[2]);
    return measured ? P8_REASON_TOO_SHORT : (p8_reason_t)seen->reason[0];
}

p8_number_t p8_camera_reading(const p8_camera_t *camera)
{
    const p8_shown_t shown = p8_monitor_shown(camera->monitor);
    const int64_t since_us = camera->last_us - shown.at_us;
    p8_number_t number;
    memset(&number, 0, sizeof number);
    number.number = camera->number;
    number.reason = shown.reason == P8_REASON_TOO_SHORT ? waiting_for(&camera->seen) : shown.reason;
    if (number.reason == P8_REASON_NONE) {
        number.bpm = shown.bpm;
        number.plus_minus = shown.spread_bpm;
        number.confidence = shown.confidence;
        number.age_s = shown.age_s + (since_us > 0 ? (float)since_us * 1e-6f : 0);
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
