/* The rules are those of board_tracker.py, number by number: places in double, in one order. */
#include "p8_track.h"

#include "p8_model.h"

#if P8_CAMERA
#include <string.h>

#define SOON_US 100000
#define LOOK_US 500000
#define COUNT_US 2000000
#define FAITHFUL_US 1000000
#define FAITHFUL_S 1.0
#define PULL_S 2.0
#define NEW_SHARE 0.25
#define OFF_SHARE 0.06
#define FAR_SHARE 0.25
#define SHIFTS 5
#define MISSES 3
#define CONFIRMED 3
#define VIEW_EYES 3.0
#define LARGEST_VIEW (12288 * P8_PARTS)
#define GOOD 0.85
#define POOR 0.7
#define LOST 0.5
#define MOST_SCALED 1.1
#define MOST_TURNED 0.15

typedef struct {
    p8_track_t *track;
    const p8_picture_t *picture;
    int64_t t_us;
    int8_t *arena;
} p8_now_t;

static double square_of(double x, double y)
{
    return x * x + y * y;
}

static int32_t rounded(double value)
{
    return (int32_t)__builtin_rint(value);
}

static p8_square_t square_at(double x, double y, int32_t side)
{
    return (p8_square_t){rounded(x * P8_PARTS) - side / 2, rounded(y * P8_PARTS) - side / 2, side};
}

static double middle_of(int32_t begin, int32_t side)
{
    return (double)(begin + side / 2) / P8_PARTS;
}

/* Distance of the eyes, or of their middle from the mouth where that is larger, px. */
static double size_of(double places[P8_PLACES][2])
{
    const double across = square_of(places[1][0] - places[0][0], places[1][1] - places[0][1]);
    const double down = square_of(places[3][0] - (places[0][0] + places[1][0]) / 2,
                                  places[3][1] - (places[0][1] + places[1][1]) / 2);
    const double longer = across > down ? across : down;
    return __builtin_sqrt(longer > 1.0 ? longer : 1.0);
}

/* The square in which a face is followed: about the middle between eyes and mouth. */
static p8_square_t view_of(double places[P8_PLACES][2])
{
    const double x = ((places[0][0] + places[1][0]) / 2 + places[3][0]) / 2;
    const double y = ((places[0][1] + places[1][1]) / 2 + places[3][1]) / 2;
    const int32_t side = rounded(size_of(places) * (VIEW_EYES * P8_PARTS));
    return square_at(x, y, (side < LARGEST_VIEW ? side : LARGEST_VIEW) / 2 * 2);
}

/* Half a place of the view, px. */
static double unit_px(const p8_followed_t *face)
{
    return (double)face->square.side / (2 * P8_PARTS * P8_LUMA_SIDE);
}

/* One look's square differs from another's: the detector's errors are then others, and average out. */
static p8_square_t shifted(p8_square_t square, int32_t number)
{
    static const int8_t shifts[SHIFTS][2] = {{0, 0}, {5, 5}, {-5, 5}, {5, -5}, {-5, -5}};
    const int32_t place = square.side / P8_VIEW_SIDE;
    square.x += shifts[number % SHIFTS][0] * place;
    square.y += shifts[number % SHIFTS][1] * place;
    return square;
}

static p8_square_t around(const p8_followed_t *face)
{
    const p8_square_t square =
        p8_square_about((float)face->places[6][0], (float)face->places[6][1], 2.5f * (float)face->side_px);
    return shifted(square, face->looks);
}

static void places_of(const p8_found_t *found, double places[P8_PLACES][2])
{
    for (int point = 0; point < 6; point++) {
        places[point][0] = found->face.points[point].x;
        places[point][1] = found->face.points[point].y;
    }
    const p8_point_t middle = p8_box_middle(&found->box);
    places[6][0] = middle.x;
    places[6][1] = middle.y;
}

/* Twice the middle of a box across. */
static double across_of(const p8_box_t *box)
{
    return (double)box->x0 + (double)box->x1;
}

/* Place of a face among those that were found, counted from the left, 0 first; of equal ones the first. */
static int32_t place_among(const p8_found_t *found, int32_t count, int32_t ours)
{
    int32_t place = 0;
    for (int32_t index = 0; index < count; index++) {
        const double apart = across_of(&found[index].box) - across_of(&found[ours].box);
        place += apart < 0 || (apart == 0 && index < ours);
    }
    return place;
}

/* The face that was asked for; -1 where it is not among them. */
static int32_t wanted_of(const p8_track_t *track, int32_t count)
{
    if (track->wanted == 0) {
        return 0;
    }
    const int32_t place = track->wanted < 0 ? count - 1 : track->wanted - 1;
    for (int32_t index = 0; index < count; index++) {
        if (place_among(track->found, count, index) == place) {
            return index;
        }
    }
    return -1;
}

/* Which of the faces is ours: the one at the last place; the wanted one when that is long lost; -1: none. */
static int32_t choose(const p8_now_t *now, int32_t count)
{
    const p8_track_t *track = now->track;
    if (!count) {
        return -1;
    }
    if (!track->has_lock || (double)now->t_us / 1e6 - (double)track->lock_us / 1e6 > FAITHFUL_S) {
        return wanted_of(track, count);
    }
    int32_t nearest = 0;
    double least = 0;
    for (int32_t index = 0; index < count; index++) {
        const p8_box_t *box = &track->found[index].box;
        const double x = ((double)box->x0 + box->x1) / 2 - track->lock_x;
        const double y = ((double)box->y0 + box->y1) / 2 - track->lock_y;
        if (!index || square_of(x, y) < least) {
            least = square_of(x, y);
            nearest = index;
        }
    }
    return least < track->lock_side * track->lock_side ? nearest : -1;
}

static int32_t detect(const p8_now_t *now, p8_square_t square)
{
    return p8_detect(now->picture, square, now->arena, &now->track->room, now->track->found);
}

static bool take(const p8_now_t *now, p8_square_t square)
{
    p8_track_t *track = now->track;
    p8_view_luma(now->picture, square, track->luma);
    return p8_template_take(&track->face.face, track->luma);
}

static void stand_at(p8_followed_t *face, p8_square_t square)
{
    face->square = square;
    face->x = middle_of(square.x, square.side);
    face->y = middle_of(square.y, square.side);
    face->scale = 1;
    face->turn = 0;
}

/* Of the faces in a square the best one that is the same as ours; NULL where there is none. */
static const p8_found_t *again(const p8_now_t *now, p8_square_t square, const p8_box_t *ours)
{
    const int32_t count = detect(now, square);
    for (int32_t index = 0; index < count; index++) {
        if (p8_same_face(&now->track->found[index].box, ours)) {
            return &now->track->found[index];
        }
    }
    return NULL;
}

static void add_look(p8_followed_t *face, const p8_found_t *found)
{
    double places[P8_PLACES][2];
    places_of(found, places);
    for (int place = 0; place < P8_PLACES; place++) {
        face->places[place][0] += places[place][0];
        face->places[place][1] += places[place][1];
    }
    face->side_px += (double)p8_box_side(&found->box);
    face->looks++;
}

/* Follow a face from the mean of a few looks at it. */
static void begin(const p8_now_t *now, const p8_found_t *found)
{
    p8_followed_t *face = &now->track->face;
    memset(face, 0, sizeof *face);
    add_look(face, found);
    for (int32_t number = 1; number < SHIFTS; number++) {
        const p8_found_t *look = again(now, shifted(p8_around(&found->box), number), &found->box);
        if (look) {
            add_look(face, look);
        }
    }
    for (int place = 0; place < P8_PLACES; place++) {
        face->places[place][0] /= face->looks;
        face->places[place][1] /= face->looks;
    }
    face->side_px /= face->looks;
    face->seen_us = now->t_us;
    face->code = found->code;
    stand_at(face, view_of(face->places));
    now->track->followed = take(now, face->square);
}

static void lose(p8_track_t *track, bool sought)
{
    track->last_around = around(&track->face);
    track->last_seen_us = track->face.seen_us;
    track->has_last = true;
    track->followed = false;
    track->tries = 0;
    track->has_looked = track->has_looked && !sought;
}

/* Take the places along with the template, and some of the correction. */
static void move(p8_followed_t *face, const p8_pose_t *pose, double x, double y, double seconds)
{
    const double size = square_of(face->scale, face->turn);
    const double scale = (pose->scale * face->scale + pose->turn * face->turn) / size;
    const double turn = (pose->turn * face->scale - pose->scale * face->turn) / size;
    const double share = seconds / PULL_S < 1.0 ? seconds / PULL_S : 1.0;
    for (int place = 0; place < P8_PLACES; place++) {
        const double across = face->places[place][0] - face->x, down = face->places[place][1] - face->y;
        const double moved[2] = {x + (scale * across - turn * down), y + (turn * across + scale * down)};
        for (int axis = 0; axis < 2; axis++) {
            const double step = face->pull[place][axis] * share;
            face->places[place][axis] = moved[axis] + step;
            face->pull[place][axis] -= step;
        }
    }
    face->side_px *= __builtin_sqrt(square_of(scale, turn));
    face->x = x;
    face->y = y;
    face->scale = pose->scale;
    face->turn = pose->turn;
}

/* Whether the face has changed: each new template adds its own small error to the places. */
static bool renewal_due(const p8_followed_t *face, double alike)
{
    const double size = square_of(face->scale, face->turn), most = MOST_SCALED * MOST_SCALED;
    const bool changed = !(1 / most <= size && size <= most) || __builtin_fabs(face->turn) > MOST_TURNED || alike < GOOD;
    return alike >= POOR && changed;
}

static void renew(const p8_now_t *now)
{
    p8_followed_t *face = &now->track->face;
    const p8_square_t square = view_of(face->places);
    const p8_template_t before = face->face;
    if (take(now, square)) {
        stand_at(face, square);
    } else {
        face->face = before;
    }
}

/* Lay the template over this picture; false where the face is lost. */
static bool carry(const p8_now_t *now)
{
    p8_followed_t *face = &now->track->face;
    const p8_square_t square = square_at(face->x, face->y, face->square.side);
    const double x = middle_of(square.x, square.side), y = middle_of(square.y, square.side), unit = unit_px(face);
    p8_pose_t pose = {(face->x - x) / unit, (face->y - y) / unit, face->scale, face->turn};
    double alike = 0;
    p8_view_luma(now->picture, square, now->track->luma);
    bool held = p8_template_match(&face->face, now->track->luma, &pose, &alike);
    if (!held || alike < POOR) {
        pose = p8_template_search(&face->face, now->track->luma);
        pose.scale = face->scale;
        pose.turn = face->turn;
        held = p8_template_match(&face->face, now->track->luma, &pose, &alike);
    }
    if (!held || alike < LOST) {
        return false;
    }
    move(face, &pose, x + pose.x * unit, y + pose.y * unit, (double)(now->t_us - face->seen_us) * 1e-6);
    if (renewal_due(face, alike)) {
        renew(now);
    }
    return true;
}

static double farthest(double one[P8_PLACES][2], double other[P8_PLACES][2])
{
    double most = 0;
    for (int point = 0; point < 6; point++) {
        const double apart = square_of(one[point][0] - other[point][0], one[point][1] - other[point][1]);
        most = apart > most ? apart : most;
    }
    return __builtin_sqrt(most);
}

/* Take a look into the mean of the differences, and correct the places where that says so. */
static void take_look(p8_followed_t *face, double wanted[P8_PLACES][2], double side_px)
{
    double none[P8_PLACES][2] = {{0}};
    face->side_px = side_px;
    for (int place = 0; place < P8_PLACES; place++) {
        for (int axis = 0; axis < 2; axis++) {
            const double rest = wanted[place][axis] - face->places[place][axis];
            face->off[place][axis] += (rest - face->off[place][axis]) * NEW_SHARE;
        }
    }
    if (farthest(face->off, none) > OFF_SHARE * size_of(face->places)) {
        memcpy(face->pull, face->off, sizeof face->pull);
        memset(face->off, 0, sizeof face->off);
    }
}

static void correct(const p8_now_t *now)
{
    p8_track_t *track = now->track;
    p8_followed_t *face = &track->face;
    const int32_t chosen = choose(now, detect(now, around(face)));
    if (chosen < 0) {
        if (++face->misses >= MISSES) {
            lose(track, false);
        }
        return;
    }
    const p8_found_t seen = track->found[chosen], *found = &seen;
    double wanted[P8_PLACES][2];
    places_of(found, wanted);
    const double away = farthest(wanted, face->places) / size_of(face->places);
    face->misses = 0;
    face->far = away > FAR_SHARE ? face->far + 1 : 0;
    if (face->far > 1) {
        begin(now, found);
    } else if (!face->far) {
        face->looks++;
        face->code = found->code;
        take_look(face, wanted, p8_box_side(&found->box));
    }
}

/* The square that holds the picture, in its middle. */
static p8_square_t whole(const p8_picture_t *picture)
{
    const int32_t width = (int32_t)picture->width * P8_PARTS, height = (int32_t)picture->height * P8_PARTS;
    const int32_t side = width > height ? width : height;
    return (p8_square_t){-((side - width) / 2), -((side - height) / 2), side};
}

static void count_faces(const p8_now_t *now)
{
    p8_track_t *track = now->track;
    const p8_followed_t *face = &track->face;
    const int32_t count = detect(now, whole(now->picture));
    const double ours = (face->places[6][0] - face->side_px / 2) + (face->places[6][0] + face->side_px / 2);
    track->faces = track->place = 1;
    for (int32_t index = 0; index < count; index++) {
        const p8_point_t middle = p8_box_middle(&track->found[index].box);
        const double apart = square_of(face->places[6][0] - (double)middle.x, face->places[6][1] - (double)middle.y);
        const bool other = apart >= face->side_px * face->side_px / 4 && track->found[index].code >= P8_SURE_CODE;
        track->faces += other;
        track->place += other && across_of(&track->found[index].box) < ours;
    }
}

/* Look closely, or count faces, where either is due. */
static void check(const p8_now_t *now)
{
    p8_track_t *track = now->track;
    if (!track->has_looked || now->t_us - track->looked_us >= LOOK_US) {
        track->has_looked = true;
        track->looked_us = now->t_us;
        correct(now);
    } else if (now->t_us - track->counted_us >= COUNT_US) {
        track->counted_us = now->t_us;
        count_faces(now);
    }
}

/* How many squares of a side cover a length, overlapping by a third, and where one of them begins. */
static int32_t starts(int32_t length, int32_t side)
{
    return length <= side ? 1 : ((length - side) * 3 + 2 * side - 1) / (2 * side) + 1;
}

static int32_t start_of(int32_t length, int32_t side, int32_t number)
{
    return length <= side ? -((side - length) / 2)
                          : (int32_t)((int64_t)(length - side) * number / (starts(length, side) - 1));
}

static int32_t at_least(int32_t side)
{
    return side > P8_VIEW_SIDE ? side : P8_VIEW_SIDE;
}

/* One of the squares of a half and of three tenths of the longer side, in turn. */
static p8_square_t part(const p8_picture_t *picture, uint32_t number)
{
    const int32_t width = (int32_t)picture->width * P8_PARTS, height = (int32_t)picture->height * P8_PARTS;
    const int32_t longer = width > height ? width : height, sides[2] = {at_least(longer / 2), at_least(longer * 3 / 10)};
    const int32_t large = starts(width, sides[0]) * starts(height, sides[0]);
    const int32_t small = starts(width, sides[1]) * starts(height, sides[1]);
    const int32_t at = (int32_t)(number % (uint32_t)(large + small));
    const int32_t side = at < large ? sides[0] : sides[1], place = at < large ? at : at - large;
    const int32_t columns = starts(width, side);
    return (p8_square_t){start_of(width, side, place % columns), start_of(height, side, place / columns), side};
}

/* The largest first; of equal ones the first. */
static void by_size(p8_found_t *found, int32_t count)
{
    for (int32_t index = 1; index < count; index++) {
        const p8_found_t moved = found[index];
        int32_t at = index;
        for (; at > 0 && p8_box_side(&found[at - 1].box) < p8_box_side(&moved.box); at--) {
            found[at] = found[at - 1];
        }
        found[at] = moved;
    }
}

static bool known(const p8_found_t *faces, int32_t count, const p8_box_t *box)
{
    for (int32_t index = 0; index < count; index++) {
        if (p8_same_face(box, &faces[index].box)) {
            return true;
        }
    }
    return false;
}

/* Look closely at the largest of the faces that were found; the sure ones take their place. */
static int32_t confirm(const p8_now_t *now, int32_t count)
{
    p8_track_t *track = now->track;
    p8_found_t rough[CONFIRMED], faces[CONFIRMED];
    by_size(track->found, count);
    count = count < CONFIRMED ? count : CONFIRMED;
    memcpy(rough, track->found, sizeof rough[0] * (size_t)count);
    int32_t sure = 0;
    for (int32_t index = 0; index < count; index++) {
        const int32_t close = detect(now, p8_around(&rough[index].box));
        int32_t near = 0;
        while (near < close && !p8_same_face(&track->found[near].box, &rough[index].box)) {
            near++;
        }
        const p8_found_t *best = &track->found[near];
        if (near < close && best->code >= P8_SURE_CODE && !known(faces, sure, &best->box)) {
            faces[sure++] = *best;
        }
    }
    by_size(faces, sure);
    memcpy(track->found, faces, sizeof faces[0] * (size_t)sure);
    return sure;
}

static int32_t in_part(const p8_now_t *now, uint32_t number)
{
    p8_track_t *track = now->track;
    const bool all = number % 2 == 0;
    const int32_t count = confirm(now, detect(now, all ? whole(now->picture) : part(now->picture, number / 2)));
    if (all) {
        track->faces = (uint32_t)count;
        track->counted_us = now->t_us;
    }
    return count;
}

static int32_t sure_ones(p8_found_t *found, int32_t count)
{
    int32_t sure = 0;
    for (int32_t index = 0; index < count; index++) {
        if (found[index].code >= P8_SURE_CODE) {
            found[sure++] = found[index];
        }
    }
    return sure;
}

/* Look at one part of the picture; there is a next one. */
static void search(const p8_now_t *now)
{
    p8_track_t *track = now->track;
    const bool near = track->has_last && now->t_us - track->last_seen_us <= FAITHFUL_US;
    const uint32_t number = track->tries++;
    track->has_looked = true;
    track->looked_us = now->t_us;
    const int32_t count = near && number % 2 == 0
                              ? sure_ones(track->found, detect(now, track->last_around))
                              : in_part(now, near ? number / 2 : number);
    const int32_t chosen = choose(now, count);
    if (chosen >= 0) {
        track->faces = track->faces ? track->faces : 1;
        track->place = 1 + (uint32_t)place_among(track->found, count, chosen);
        const p8_found_t found = track->found[chosen];
        begin(now, &found);
    }
}

void p8_track_reset(p8_track_t *track)
{
    const int32_t wanted = track->wanted;
    memset(track, 0, sizeof *track);
    track->wanted = wanted;
}

static void answer(p8_track_t *track, int64_t t_us, p8_face_t *face)
{
    const p8_followed_t *followed = &track->face;
    for (int point = 0; point < 6; point++) {
        face->points[point].x = (float)followed->places[point][0];
        face->points[point].y = (float)followed->places[point][1];
    }
    track->face.seen_us = t_us;
    track->has_lock = true;
    track->lock_x = followed->places[6][0];
    track->lock_y = followed->places[6][1];
    track->lock_side = followed->side_px;
    track->lock_us = t_us;
}

/* Whether the picture holds the middle of the view: the edge would hold a template that hangs over it. */
static bool inside(const p8_followed_t *face, const p8_picture_t *picture)
{
    const double reach = (double)face->square.side / (6 * P8_PARTS);
    if (!(reach <= face->x && face->x <= (double)picture->width - reach && reach <= face->y &&
          face->y <= (double)picture->height - reach)) {
        return false;
    }
    for (int place = 0; place < P8_PLACES; place++) {
        const double x = __builtin_fabs(face->places[place][0]), y = __builtin_fabs(face->places[place][1]);
        if (!(x < (double)P8_FARTHEST_PX && y < (double)P8_FARTHEST_PX)) {
            return false;
        }
    }
    return true;
}

bool p8_track_look(p8_track_t *track, const p8_picture_t *picture, int64_t t_us, int8_t *arena, p8_face_t *face)
{
    const p8_now_t now = {track, picture, t_us, arena};
    if (picture->width != track->width || picture->height != track->height) {
        track->width = picture->width;
        track->height = picture->height;
        track->followed = track->has_last = track->has_looked = false;
        track->tries = 0;
    }
    if (track->followed && !carry(&now)) {
        lose(track, true);
    }
    if (track->followed) {
        check(&now);
    } else if (!track->has_looked || t_us - track->looked_us >= SOON_US) {
        search(&now);
    }
    if (track->followed && !inside(&track->face, picture)) {
        lose(track, false);
    }
    if (track->followed) {
        answer(track, t_us, face);
    }
    return track->followed;
}
#endif
