/*
 * A pulse is a fifth of one 8-bit step, and a mean over whole pixels jumps when an edge crosses a pixel. So a pixel
 * counts by how much of it is inside: weights 0..16 along each axis, integer sums, one division.
 *
 * Edges and that division are in double, as in Python: a few dozen operations per frame, and the same bits there.
 */
#include "p8_cells.h"

#include <string.h>

/* Half to even, as Python's round. */
static int32_t rounded(double value)
{
    return (int32_t)__builtin_rint(value);
}

static double distance(double x, double y)
{
    return __builtin_sqrt(x * x + y * y);
}

/* Rectangle about a centre; its size is rounded on its own, so that it does not flicker as the centre moves. */
static p8_roi_t around(double x, double y, double width, double height)
{
    const int32_t half_x = rounded(width * P8_PARTS / 2), half_y = rounded(height * P8_PARTS / 2);
    const int32_t reach_x = half_x > 1 ? half_x : 1, reach_y = half_y > 1 ? half_y : 1;
    const int32_t at_x = rounded(x * P8_PARTS), at_y = rounded(y * P8_PARTS);
    return (p8_roi_t){at_x - reach_x, at_x + reach_x, at_y - reach_y, at_y + reach_y};
}

void p8_rois(const p8_face_t *face, p8_roi_t rois[P8_ROIS])
{
    static const struct {
        double weights[6], width, height;
    } places[P8_ROIS] = P8_PLACEMENTS;
    const p8_point_t *p = face->points;
    const double across = distance((double)p[1].x - p[0].x, (double)p[1].y - p[0].y);
    const double down = distance(p[3].x - ((double)p[0].x + p[1].x) / 2, p[3].y - ((double)p[0].y + p[1].y) / 2);
    for (int roi = 0; roi < P8_ROIS; roi++) {
        double x = 0, y = 0;
        for (int point = 0; point < 6; point++) {
            x += places[roi].weights[point] * p[point].x;
            y += places[roi].weights[point] * p[point].y;
        }
        rois[roi] = around(x, y, places[roi].width * across, places[roi].height * down);
    }
}

static int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

void p8_cell_means(const p8_picture_t *picture, p8_roi_t roi, float means[P8_CELLS][3])
{
    const int32_t x_edges[3] = {roi.x0, roi.x0 + (roi.x1 - roi.x0) / 2, roi.x1};
    const int32_t y_edges[3] = {roi.y0, roi.y0 + (roi.y1 - roi.y0) / 2, roi.y1};
    uint64_t totals[2][2][3];
    memset(totals, 0, sizeof totals);
    for (int32_t y = roi.y0 / P8_PARTS; y * P8_PARTS < roi.y1; y++) {
        for (int right = 0; right < 2; right++) {
            uint32_t sums[3] = {0, 0, 0};
            p8_run_sum(picture, y, x_edges[right], x_edges[right + 1], sums);
            for (int below = 0; below < 2; below++) {
                const uint32_t weight = p8_covered(y, y_edges[below], y_edges[below + 1]);
                for (int channel = 0; channel < 3 && weight; channel++) {
                    totals[below][right][channel] += (uint64_t)weight * sums[channel];
                }
            }
        }
    }
    for (int cell = 0; cell < P8_CELLS; cell++) {
        const int below = cell / 2, right = cell % 2;
        const double share = (double)(x_edges[right + 1] - x_edges[right]) * (y_edges[below + 1] - y_edges[below]);
        for (int channel = 0; channel < 3; channel++) {
            means[cell][channel] = (float)((double)totals[below][right][channel] / share);
        }
    }
}

static uint32_t clipped_pixels(const uint8_t *pixel, size_t count)
{
    uint32_t clipped = 0;
    for (const uint8_t *stop = pixel + 3 * count; pixel < stop; pixel += 3) {
        /* One step further, 255 wraps to 0 and 0 becomes 1: one comparison finds both ends. */
        clipped += (uint8_t)(pixel[0] + 1) < 2 || (uint8_t)(pixel[1] + 1) < 2 || (uint8_t)(pixel[2] + 1) < 2;
    }
    return clipped;
}

/* Share of the pixels that the ROI touches with a channel at 0 or 255: those do not follow the light any more. */
static double clipped_share(const p8_picture_t *picture, p8_roi_t roi)
{
    const int32_t first = roi.x0 / P8_PARTS, stop = (roi.x1 + P8_PARTS - 1) / P8_PARTS;
    uint32_t clipped = 0, pixels = 0;
    uint8_t room[3 * P8_STRETCH];
    for (int32_t y = roi.y0 / P8_PARTS; y * P8_PARTS < roi.y1; y++) {
        for (int32_t x = first; x < stop; x += P8_STRETCH) {
            const size_t count = (size_t)smaller(stop - x, P8_STRETCH);
            clipped += clipped_pixels(p8_pixels(picture, (size_t)x, (size_t)y, count, room), count);
        }
        pixels += (uint32_t)(stop - first);
    }
    return (double)clipped / pixels;
}

static p8_reason_t reason_of(const p8_picture_t *picture, p8_roi_t roi)
{
    const int64_t width = (int64_t)picture->width * P8_PARTS, height = (int64_t)picture->height * P8_PARTS;
    if (roi.x0 < 0 || roi.y0 < 0 || roi.x1 > width || roi.y1 > height) {
        return P8_REASON_OUTSIDE;
    }
    if ((float)smaller(roi.x1 - roi.x0, roi.y1 - roi.y0) < P8_MIN_SIDE_PX * P8_PARTS) {
        return P8_REASON_TOO_SMALL;
    }
    return clipped_share(picture, roi) > P8_MAX_CLIPPED_SHARE ? P8_REASON_CLIPPED : P8_REASON_NONE;
}

/* Whether the line between the eyes is turned further than an upright rectangle bears. */
static int tilted(const p8_face_t *face)
{
    const double x = (double)face->points[1].x - face->points[0].x;
    const double y = (double)face->points[1].y - face->points[0].y;
    return !(x > 0 && __builtin_fabs(y) <= x * P8_TAN_MAX_ROLL);
}

static int usable(const p8_face_t *face)
{
    for (int point = 0; point < 6; point++) {
        const float x = face->points[point].x, y = face->points[point].y;
        if (!(__builtin_fabsf(x) < P8_FARTHEST_PX && __builtin_fabsf(y) < P8_FARTHEST_PX)) {
            return 0; /* not a number is not smaller either */
        }
    }
    return 1;
}

static void refuse(p8_row_t *row, p8_reason_t reason)
{
    for (int roi = 0; roi < P8_ROIS; roi++) {
        row->reason[roi] = (uint8_t)reason;
    }
}

p8_status_t p8_measure_row(const p8_picture_t *picture, const p8_face_t *face, int64_t t_us, p8_row_t *row)
{
    memset(row, 0, sizeof *row);
    row->t_us = t_us;
    if (!p8_picture_usable(picture) || (face && !usable(face))) {
        return P8_BAD_VALUE;
    }
    if (!face || tilted(face)) {
        refuse(row, face ? P8_REASON_TILTED : P8_REASON_NO_FACE);
        return P8_OK;
    }
    p8_roi_t rois[P8_ROIS];
    p8_rois(face, rois);
    for (int roi = 0; roi < P8_ROIS; roi++) {
        const p8_reason_t reason = reason_of(picture, rois[roi]);
        row->reason[roi] = (uint8_t)reason;
        row->valid[roi] = reason == P8_REASON_NONE;
        if (row->valid[roi]) {
            const p8_roi_t r = rois[roi];
            p8_cell_means(picture, r, row->rgb[roi]);
            row->pixels[roi] = (float)((double)(r.x1 - r.x0) * (r.y1 - r.y0) / (P8_PARTS * P8_PARTS));
        }
    }
    return P8_OK;
}
