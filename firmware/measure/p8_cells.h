/* From a picture and six key points to the mean colours of twelve cells of skin. */
#ifndef P8_CELLS_H
#define P8_CELLS_H

#include "p8_spec.h"
#include "p8_status.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define P8_PARTS 16 /* ROI edges are counted in sixteenths of a pixel */

/* How a pixel's red, green and blue lie in memory. */
typedef enum {
    P8_RGB888 = 0,
    P8_BGR888,
    P8_RGBA8888, /* a canvas's; the fourth byte is not read */
    P8_YUYV,     /* two pixels in four bytes, BT.601 of 16 to 235; an even width */
    P8_RGB565,   /* little endian, red in the highest bits */
} p8_format_t;

/* Rows from top to bottom; what the camera gives before any 8-bit downsizing. */
typedef struct {
    const uint8_t *data;
    size_t width, height, stride_bytes;
    p8_format_t format;
} p8_picture_t;

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

/* What one frame leaves behind. */
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
