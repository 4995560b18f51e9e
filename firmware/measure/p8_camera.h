/*
 * From a camera's pictures to a heart rate, one call for each picture: the face is found and followed, its skin measured,
 * the rate read. All memory comes from the caller; no picture is kept.
 */
#ifndef P8_CAMERA_H
#define P8_CAMERA_H

#include "p8_monitor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The number to show. */
typedef struct {
    float bpm;          /* the rate that is followed from window to window (p8_shown.h); 0 where there is a reason */
    float plus_minus;   /* BPM: how far it may be off, one standard deviation; 0 of an early number: it is not known */
    float confidence;   /* 0..1 */
    float age_s;        /* seconds since the last window that was read ended */
    p8_reason_t reason; /* why there is no number */
    bool provisional;   /* read from less than a whole window, from 5 s on, or from less than the whole joined wave */
    uint32_t number;    /* counts windows that were looked at, one a second; before the first: why there is none yet */
} p8_number_t;

/* What was seen in the last picture, to be drawn over it. */
typedef struct {
    bool found;              /* whether our face is there; all below but `faces` and `reason` is zero where not */
    uint32_t faces;          /* faces in the picture when they were counted last, ours among them */
    uint32_t place;          /* ours among them, counted from the picture's left, 1 first */
    float score;             /* of the detection that it was followed from, 0..1 */
    p8_face_t face;          /* six key points, px */
    p8_roi_t rois[P8_ROIS];  /* 1/16 px */
    uint8_t reason[P8_ROIS]; /* p8_reason_t: why an ROI is not measured */
} p8_seen_t;

typedef struct p8_camera p8_camera_t;

/* Bytes that p8_camera_begin needs, on a multiple of 16: the only place that knows. */
size_t p8_camera_bytes(void);

p8_status_t p8_camera_begin(void *memory, size_t bytes, p8_camera_t **camera);

/* The same with another network, such as an NPU's; NULL: the CPU's. */
p8_status_t p8_camera_begin_on(void *memory, size_t bytes, const p8_network_t *network, p8_camera_t **camera);

/*
 * Which of several faces is measured: 0 the largest, 1 to P8_FACE_LAST counted from the picture's left, P8_FACE_RIGHT
 * the last of them. A number waits until so many faces are in sight. Forgets all; anything else is P8_BAD_VALUE.
 */
#define P8_FACE_LARGEST 0
#define P8_FACE_LAST 9
#define P8_FACE_RIGHT (-1)
p8_status_t p8_camera_choose(p8_camera_t *camera, int32_t face);

/* Forget the face, all frames and the number; the choice of a face stays. */
void p8_camera_reset(p8_camera_t *camera);

/*
 * Take the next picture. Its pixels are read during the call only. t_us: when it was taken, in microseconds; a time that
 * does not increase is P8_OUT_OF_ORDER, a picture of fewer than 16 or more than 16,384 px a side or with too short a
 * stride P8_BAD_VALUE, and neither changes anything. After ten times in a row that do not increase the clock was set:
 * the next picture begins anew. Of a camera that is faster than the ring's frames (p8_spec.h) some pictures are left out.
 */
p8_status_t p8_camera_push(p8_camera_t *camera, const p8_picture_t *picture, int64_t t_us);

/* The same with the colours of a picture that was measured elsewhere, such as a recording's. */
p8_status_t p8_camera_push_row(p8_camera_t *camera, const p8_row_t *row);

/* The number now; age_s is counted to the last picture. */
p8_number_t p8_camera_reading(const p8_camera_t *camera);

const p8_seen_t *p8_camera_seen(const p8_camera_t *camera);

/* The last picture's colours. */
const p8_row_t *p8_camera_row(const p8_camera_t *camera);

/* The measure line behind it, such as for a recording's rows. */
p8_monitor_t *p8_camera_monitor(const p8_camera_t *camera);

#ifdef __cplusplus
}
#endif

#endif
