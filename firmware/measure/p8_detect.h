/* Faces in one square of a picture: the network, its last stage and heads in float32 of one order, boxes merged. */
#ifndef P8_DETECT_H
#define P8_DETECT_H

#include "p8_cells.h"
#include "p8_view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define P8_MOST_BOXES 64  /* that are merged: one face gives up to about thirty */
#define P8_MOST_FACES 8   /* in one look */
#define P8_SURE_CODE 18   /* a score of 0.75 in sixteenths of a logit; faces seen close up have more */
#define P8_LARGEST_SIDE (16384 * P8_PARTS)

/* A layer in float32: real weights are int16 [taps or inputs][outputs] times scale. */
typedef struct {
    const int16_t *weights;
    const float *scale, *bias;
    int32_t inputs, outputs;
} p8_layer_t;

typedef struct {
    float x0, y0, x1, y1; /* px */
} p8_box_t;

typedef struct {
    p8_face_t face;
    p8_box_t box;
    int32_t code; /* its best logit in sixteenths, 0 to 127 */
} p8_found_t;

/* Room to work in, beside the network's arena. */
typedef struct {
    float stream[64 * 96], wide[64 * 96], row[96];
    struct {
        int32_t code, anchor;
        float pairs[8][2]; /* two corners, six key points; px of the view */
        uint8_t used;
    } boxes[P8_MOST_BOXES];
    int32_t count;
} p8_detect_t;

/* Faces in a square, the best first; how many. arena: of the network, P8_ARENA_BYTES on a multiple of 16. */
int32_t p8_detect(const p8_picture_t *picture, p8_square_t square, int8_t *arena, p8_detect_t *room,
                  p8_found_t found[P8_MOST_FACES]);

/* A score from 0 to 1. */
float p8_score(int32_t code);

/* A square about a place in px. */
p8_square_t p8_square_about(float x, float y, float side_px);

/* The square in which a face is looked at closely, and its box's longer side and middle in px. */
p8_square_t p8_around(const p8_box_t *box);
float p8_box_side(const p8_box_t *box);
p8_point_t p8_box_middle(const p8_box_t *box);

/* Whether two boxes share so much that they are of one face. */
bool p8_same_face(const p8_box_t *one, const p8_box_t *other);

#ifdef __cplusplus
}
#endif

#endif
