/*
 * A face from picture to picture: a small template of it is laid over each view by a similarity (inverse compositional
 * Lucas-Kanade with gain and offset of the light). Sums are whole numbers; what is solved from them is double, in one
 * order: the same bits as in Python.
 */
#ifndef P8_FOLLOW_H
#define P8_FOLLOW_H

#include "p8_view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define P8_TEMPLATE_FIRST 16
#define P8_TEMPLATE_SIDE 32 /* places, in the middle of the view that it was taken from */
#define P8_UNKNOWNS 6       /* offset, gain, shift across and down, scale, turn */

/* Where a template lies in a view: half places from the middle, and a complex number that scales and turns it. */
typedef struct {
    double x, y, scale, turn;
} p8_pose_t;

typedef struct {
    int16_t levels[P8_TEMPLATE_SIDE][P8_TEMPLATE_SIDE];
    int16_t across[P8_TEMPLATE_SIDE][P8_TEMPLATE_SIDE], down[P8_TEMPLATE_SIDE][P8_TEMPLATE_SIDE]; /* changes */
    int32_t halved[P8_TEMPLATE_SIDE / 2][P8_TEMPLATE_SIDE / 2];
    double products[P8_UNKNOWNS][P8_UNKNOWNS];
} p8_template_t;

/* Take the middle of a view, int16 [P8_LUMA_SIDE][P8_LUMA_SIDE]; false where it shows nothing to hold on to. */
bool p8_template_take(p8_template_t *face, const int16_t *luma);

/*
 * Lay it over a view from a first guess in `pose`, which becomes where it lies; false where it runs out of the view.
 * alike: the square of the correlation there, 0 to 1.
 */
bool p8_template_match(const p8_template_t *face, const int16_t *luma, p8_pose_t *pose, double *alike);

/* The whole shift at which the template is most alike, by absolute differences. */
p8_pose_t p8_template_search(const p8_template_t *face, const int16_t *luma);

#ifdef __cplusplus
}
#endif

#endif
