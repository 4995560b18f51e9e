/* Square parts of a picture in a small size: the exact mean of what lies under each place, the same bytes everywhere. */
#ifndef P8_VIEW_H
#define P8_VIEW_H

#include "p8_pixels.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Left and top edge and side, 1/16 px; may reach outside the picture, where it is black. The side is at least as
 * many parts as there are places, and at most 16,384 px. */
typedef struct {
    int32_t x, y, side;
} p8_square_t;

#define P8_VIEW_SIDE 128 /* places along each side that the face detector sees */
#define P8_LUMA_SIDE 64  /* places along each side in which a face is followed */
#define P8_LUMA_PARTS 16 /* parts of a level */

/* Channels minus 128: int8 [P8_VIEW_SIDE][P8_VIEW_SIDE][3]. */
void p8_view_codes(const p8_picture_t *picture, p8_square_t square, int8_t *codes);

/* Brightness (77 R + 150 G + 29 B) / 256 in sixteenths of a level: [P8_LUMA_SIDE][P8_LUMA_SIDE]. */
void p8_view_luma(const p8_picture_t *picture, p8_square_t square, int16_t *luma);

#ifdef __cplusplus
}
#endif

#endif
