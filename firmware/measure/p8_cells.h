/* From a picture and six key points to the mean colours of twelve cells of skin. */
#ifndef P8_CELLS_H
#define P8_CELLS_H

#include "p8_pixels.h"
#include "p8_spec.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    float x, y; /* px */
} p8_point_t;

/* Right eye, left eye, nose tip, mouth, right ear tragion, left ear tragion; right and left are the subject's. */
typedef struct {
    p8_point_t points[6];
} p8_face_t;

typedef struct {
    int32_t x0, x1, y0, y1; /* 1/16 px from the picture's left and top edge; may reach outside it */
} p8_roi_t;

/* What is kept of one frame. */
typedef struct {
    int64_t t_us;
    float rgb[P8_ROIS][P8_CELLS][3]; /* 0..255; zeros where the ROI is not valid */
    float pixels[P8_ROIS];           /* area, px */
    uint8_t valid[P8_ROIS];          /* 0 or 1 */
    uint8_t reason[P8_ROIS];         /* p8_reason_t: why it is not valid */
} p8_row_t;

/* Upright rectangles in a face; their size follows it. */
void p8_rois(const p8_face_t *face, p8_roi_t rois[P8_ROIS]);

/* Measure a frame; face is NULL where none was found. */
p8_status_t p8_measure_row(const p8_picture_t *picture, const p8_face_t *face, int64_t t_us, p8_row_t *row);

/* Exact sums of pixel x weight in the four cells, divided once. The ROI lies inside the picture. */
void p8_cell_means(const p8_picture_t *picture, p8_roi_t roi, float means[P8_CELLS][3]);

#ifdef __cplusplus
}
#endif

#endif
