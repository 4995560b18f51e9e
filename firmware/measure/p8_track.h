/* One face through the pictures: the detector now and then, a template of the face in between. */
#ifndef P8_TRACK_H
#define P8_TRACK_H

#include "p8_detect.h"
#include "p8_follow.h"

#ifdef __cplusplus
extern "C" {
#endif

#define P8_PLACES 7 /* six key points, and the middle of the detector's box */

typedef struct {
    p8_template_t face;
    p8_square_t square;                           /* that the template was taken from */
    double places[P8_PLACES][2]; /* px */
    double off[P8_PLACES][2], pull[P8_PLACES][2]; /* the detector's mean difference; what is left of the last correction */
    double x, y, scale, turn;                     /* where the template's middle lies now, and how it is turned */
    double side_px;
    int64_t seen_us;
    int32_t code, looks, misses, far;
} p8_followed_t;

typedef struct {
    p8_followed_t face;
    bool followed;
    size_t width, height;
    bool has_last, has_looked, has_lock;
    p8_square_t last_around;
    int64_t last_seen_us, looked_us, counted_us, lock_us;
    double lock_x, lock_y, lock_side;
    uint32_t tries, faces, place; /* place: of ours among them, from the picture's left, 1 first */
    int32_t wanted;               /* as in p8_camera_choose */
    p8_found_t found[P8_MOST_FACES];
    p8_detect_t room;
    int16_t luma[P8_LUMA_SIDE * P8_LUMA_SIDE];
} p8_track_t;

/* Forget the face; which one is wanted stays. */
void p8_track_reset(p8_track_t *track);

/* Find the face in the next picture: its key points, or false. arena: P8_ARENA_BYTES, free for the detector's network. */
bool p8_track_look(p8_track_t *track, const p8_picture_t *picture, int64_t t_us, int8_t *arena, p8_face_t *face);

#ifdef __cplusplus
}
#endif

#endif
