#include "p8_camera.h"

#include "p8_model.h"

#if P8_CAMERA
#include "p8_track.h"

#include <string.h>

#define FARTHEST_US (INT64_C(1) << 53) /* as of rows */
#define STALE_US 3000000 /* a number older than this is no number: a window is read every second */
#define MOST_BACK 10     /* pictures in a row whose time does not increase: the clock was set, all begins anew */

struct p8_camera {
    p8_track_t track;
    p8_monitor_t *monitor;
    p8_seen_t seen;
    p8_reading_t reading;
    int64_t last_us;
    uint32_t number, back;
    bool begun;
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
    memset(&camera->reading, 0, sizeof camera->reading);
    camera->number = camera->back = 0;
    camera->begun = false;
}

/* Where the face is, and its skin's colours. */
static p8_status_t measure(p8_camera_t *camera, const p8_picture_t *picture, int64_t t_us, p8_row_t *row)
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
    const p8_status_t status = p8_measure_row(picture, seen->found ? &face : NULL, t_us, row);
    memcpy(seen->reason, row->reason, sizeof seen->reason);
    return status;
}

static p8_status_t read_window(p8_camera_t *camera)
{
    p8_reading_t reading;
    const p8_status_t status = p8_monitor_read(camera->monitor, &reading);
    if (status == P8_OK) {
        camera->reading = reading;
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
    camera->begun = true;
    camera->last_us = t_us;
    camera->back = 0;
    p8_row_t row;
    p8_status_t status = measure(camera, picture, t_us, &row);
    if (status == P8_OK) {
        status = p8_monitor_push(camera->monitor, &row);
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
    const int64_t age_us = camera->last_us - camera->reading.end_us;
    p8_number_t number;
    memset(&number, 0, sizeof number);
    number.number = camera->number;
    if (!camera->number || age_us > STALE_US) {
        number.reason = waiting_for(&camera->seen);
        return number;
    }
    number.bpm = camera->reading.rate.bpm;
    number.confidence = camera->reading.rate.confidence;
    number.reason = camera->reading.rate.reason;
    number.provisional = camera->reading.provisional;
    number.age_s = age_us > 0 ? (float)age_us * 1e-6f : 0;
    return number;
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
