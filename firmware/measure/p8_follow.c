#include "p8_follow.h"

#define SIDE P8_TEMPLATE_SIDE
#define MOST_STEPS 8
#define STILL_SHIFT 0.01
#define STILL_TURN 0.0005
#define PARTS 65536 /* of half a place: how finely the template is laid */
#define FINE 256    /* parts of a place between which brightness is interpolated */
#define REACH 6     /* how far a lost template is looked for, in double places */
#define FLAT 1e-9   /* a pivot this small beside its own sum of squares */

/* Whole-number sums that the equations are made of; the last one is of squares. */
typedef struct {
    int64_t sums[P8_UNKNOWNS], square;
} p8_sums_t;

static int32_t half_places(int32_t place)
{
    return 2 * place - (SIDE - 1);
}

/* What each unknown changes at a place of the template. */
static void changes_at(const p8_template_t *face, int32_t row, int32_t column, int32_t changes[P8_UNKNOWNS])
{
    const int32_t x = half_places(column), y = half_places(row);
    const int32_t across = face->across[row][column], down = face->down[row][column];
    changes[0] = 1;
    changes[1] = face->levels[row][column];
    changes[2] = across;
    changes[3] = down;
    changes[4] = across * x + down * y;
    changes[5] = down * x - across * y;
}

static void multiply_out(p8_template_t *face)
{
    int64_t products[P8_UNKNOWNS][P8_UNKNOWNS] = {{0}};
    for (int32_t row = 0; row < SIDE; row++) {
        for (int32_t column = 0; column < SIDE; column++) {
            int32_t changes[P8_UNKNOWNS];
            changes_at(face, row, column, changes);
            for (int one = 0; one < P8_UNKNOWNS; one++) {
                for (int other = 0; other <= one; other++) {
                    products[one][other] += (int64_t)changes[one] * changes[other];
                }
            }
        }
    }
    for (int one = 0; one < P8_UNKNOWNS; one++) {
        for (int other = 0; other <= one; other++) {
            face->products[one][other] = face->products[other][one] = (double)products[one][other];
        }
    }
}

/* Elimination in one order; false where a pivot vanishes. */
static bool solve(const p8_template_t *face, const int64_t sums[P8_UNKNOWNS], double found[P8_UNKNOWNS])
{
    double rows[P8_UNKNOWNS][P8_UNKNOWNS + 1];
    for (int row = 0; row < P8_UNKNOWNS; row++) {
        for (int column = 0; column < P8_UNKNOWNS; column++) {
            rows[row][column] = face->products[row][column];
        }
        rows[row][P8_UNKNOWNS] = (double)sums[row];
    }
    for (int pivot = 0; pivot < P8_UNKNOWNS; pivot++) {
        if (!(rows[pivot][pivot] > FLAT * face->products[pivot][pivot])) {
            return false;
        }
        for (int below = pivot + 1; below < P8_UNKNOWNS; below++) {
            const double share = rows[below][pivot] / rows[pivot][pivot];
            for (int column = pivot; column <= P8_UNKNOWNS; column++) {
                rows[below][column] -= share * rows[pivot][column];
            }
        }
    }
    for (int pivot = P8_UNKNOWNS - 1; pivot >= 0; pivot--) {
        double rest = rows[pivot][P8_UNKNOWNS];
        for (int column = pivot + 1; column < P8_UNKNOWNS; column++) {
            rest -= rows[pivot][column] * found[column];
        }
        found[pivot] = rest / rows[pivot][pivot];
    }
    return true;
}

/* Sum of two by two places that begin at (row, column) of a view. */
static int32_t halved(const int16_t *luma, int32_t row, int32_t column)
{
    const int16_t *from = luma + row * P8_LUMA_SIDE + column;
    return from[0] + from[1] + from[P8_LUMA_SIDE] + from[P8_LUMA_SIDE + 1];
}

bool p8_template_take(p8_template_t *face, const int16_t *luma)
{
    for (int32_t row = 0; row < SIDE; row++) {
        for (int32_t column = 0; column < SIDE; column++) {
            const int16_t *at = luma + (row + P8_TEMPLATE_FIRST) * P8_LUMA_SIDE + column + P8_TEMPLATE_FIRST;
            face->levels[row][column] = at[0];
            face->across[row][column] = (int16_t)(at[1] - at[-1]);
            face->down[row][column] = (int16_t)(at[P8_LUMA_SIDE] - at[-P8_LUMA_SIDE]);
        }
    }
    for (int32_t row = 0; row < SIDE / 2; row++) {
        for (int32_t column = 0; column < SIDE / 2; column++) {
            face->halved[row][column] =
                halved(luma, 2 * row + P8_TEMPLATE_FIRST, 2 * column + P8_TEMPLATE_FIRST);
        }
    }
    multiply_out(face);
    const int64_t none[P8_UNKNOWNS] = {0};
    double unused[P8_UNKNOWNS];
    return solve(face, none, unused);
}

/* A position in 1/65536 half places as a place and its part; beyond the view its last place. */
static int32_t between(int32_t twice, int32_t *part)
{
    const int32_t last = (P8_LUMA_SIDE - 1) * PARTS - 1;
    const int32_t at = twice >> 1, place = at < 0 ? 0 : at > last ? last : at;
    *part = place % PARTS / (PARTS / FINE);
    return place / PARTS;
}

/* Brightness between four places, 1/256 level. */
static int32_t brightness(const int16_t *luma, int32_t x, int32_t y)
{
    int32_t across, down;
    const int32_t column = between(x, &across), row = between(y, &down);
    const int16_t *at = luma + row * P8_LUMA_SIDE + column;
    const int32_t above = (FINE - across) * at[0] + across * at[1];
    const int32_t below = (FINE - across) * at[P8_LUMA_SIDE] + across * at[P8_LUMA_SIDE + 1];
    return ((FINE - down) * above + down * below) >> 12;
}

static int32_t parts_of(double value)
{
    return (int32_t)__builtin_rint(value * PARTS);
}

/* The row's place does not change within it, so what it weighs is multiplied once. */
static void add_row(const p8_template_t *face, const int16_t *luma, int32_t row, int32_t x, int32_t y, int32_t scale,
                    int32_t turn, p8_sums_t *sums)
{
    int64_t across = 0, down = 0, across_x = 0, down_x = 0;
    for (int32_t column = 0; column < SIDE; column++) {
        const int32_t at = half_places(column);
        const int32_t seen = brightness(luma, x + scale * at, y + turn * at);
        const int32_t a = face->across[row][column] * seen, d = face->down[row][column] * seen; /* below 2^30 */
        sums->sums[0] += seen;
        sums->sums[1] += (int64_t)face->levels[row][column] * seen;
        sums->square += (int64_t)seen * seen;
        across += a;
        down += d;
        across_x += (int64_t)a * at;
        down_x += (int64_t)d * at;
    }
    const int32_t at = half_places(row);
    sums->sums[2] += across;
    sums->sums[3] += down;
    sums->sums[4] += across_x + at * down;
    sums->sums[5] += down_x - at * across;
}

static p8_sums_t look(const p8_template_t *face, const int16_t *luma, const p8_pose_t *pose)
{
    const int32_t scale = parts_of(pose->scale), turn = parts_of(pose->turn);
    const int32_t middle = (P8_LUMA_SIDE - 1) * PARTS;
    p8_sums_t sums = {{0}, 0};
    for (int32_t row = 0; row < SIDE; row++) {
        const int32_t at = half_places(row);
        add_row(face, luma, row, middle + parts_of(pose->x) - turn * at, middle + parts_of(pose->y) + scale * at, scale,
                turn, &sums);
    }
    return sums;
}

/* Squared correlation of the template and what was seen; 0 where they oppose each other. */
static double alike_of(const p8_template_t *face, const p8_sums_t *sums)
{
    const double count = face->products[0][0], mean = face->products[0][1], own = face->products[1][1];
    const double offset = (double)sums->sums[0];
    const double shared = count * (double)sums->sums[1] - mean * offset;
    const double spread = (count * own - mean * mean) * (count * (double)sums->square - offset * offset);
    return shared > 0 && spread > 0 ? shared * shared / spread : 0;
}

static double size_of(double value)
{
    return __builtin_fabs(value);
}

/* Undo, before the pose, how far the template seems to have moved under it. */
static p8_pose_t stepped(const p8_pose_t *pose, const double step[4])
{
    const double real = 1 + step[2], turn = step[3], size = real * real + turn * turn;
    const double scale = (pose->scale * real + pose->turn * turn) / size;
    const double turned = (pose->turn * real - pose->scale * turn) / size;
    return (p8_pose_t){pose->x - (scale * step[0] - turned * step[1]), pose->y - (scale * step[1] + turned * step[0]),
                       scale, turned};
}

bool p8_template_match(const p8_template_t *face, const int16_t *luma, p8_pose_t *pose, double *alike)
{
    for (int count = 0; count < MOST_STEPS; count++) {
        const p8_sums_t sums = look(face, luma, pose);
        double found[P8_UNKNOWNS], step[4];
        *alike = alike_of(face, &sums);
        if (!solve(face, sums.sums, found) || !(found[1] > 0)) {
            return true;
        }
        for (int index = 0; index < 4; index++) {
            step[index] = 4 * found[2 + index] / found[1];
        }
        *pose = stepped(pose, step);
        if (!(size_of(pose->x) < P8_LUMA_SIDE && size_of(pose->y) < P8_LUMA_SIDE && 0.5 < pose->scale &&
              pose->scale < 2)) {
            return false;
        }
        if (size_of(step[0]) < STILL_SHIFT && size_of(step[1]) < STILL_SHIFT && size_of(step[2]) < STILL_TURN &&
            size_of(step[3]) < STILL_TURN) {
            break;
        }
    }
    return true;
}

static int64_t apart_at(const p8_template_t *face, const int16_t *luma, int32_t y, int32_t x)
{
    int64_t apart = 0;
    for (int32_t row = 0; row < SIDE / 2; row++) {
        for (int32_t column = 0; column < SIDE / 2; column++) {
            const int32_t seen = halved(luma, P8_TEMPLATE_FIRST + 2 * (y + row), P8_TEMPLATE_FIRST + 2 * (x + column));
            const int32_t difference = seen - face->halved[row][column];
            apart += difference < 0 ? -difference : difference;
        }
    }
    return apart;
}

p8_pose_t p8_template_search(const p8_template_t *face, const int16_t *luma)
{
    p8_pose_t pose = {0, 0, 1, 0};
    int64_t best = INT64_MAX;
    for (int32_t y = -REACH; y <= REACH; y++) {
        for (int32_t x = -REACH; x <= REACH; x++) {
            const int64_t apart = apart_at(face, luma, y, x);
            if (apart < best) {
                best = apart;
                pose.x = 4.0 * x;
                pose.y = 4.0 * y;
            }
        }
    }
    return pose;
}
