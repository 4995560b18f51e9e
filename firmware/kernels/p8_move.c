/* Kernels that only move bytes: cut, pad, repeat, reorder, join. */
#include "p8_kernels.h"

#include <string.h>

/* The channel after the last of those that lie, or are filled, side by side as `begin` does. */
static size_t run_end(const p8_move_t *move, size_t begin, size_t channels)
{
    if (!move->channels) {
        return channels;
    }
    const int32_t offset = move->channels[begin], step = offset == P8_FILL ? 0 : 1;
    size_t end = begin + 1;
    while (end < channels && move->channels[end] == offset + step * (int32_t)(end - begin)) {
        end++;
    }
    return end;
}

static void move_run(const p8_move_t *move, p8_shape_t out, size_t begin, size_t count, const int8_t *x, int8_t *y)
{
    const int32_t offset = move->channels ? move->channels[begin] : 0;
    for (size_t row = 0; row < out.height; row++) {
        for (size_t column = 0; column < out.width; column++, y += out.channels) {
            const int32_t one = move->rows[row], other = move->columns[column];
            const int filled = one == P8_FILL || other == P8_FILL || offset == P8_FILL;
            if (count == 1) {
                *y = filled ? move->fill : x[one + other + offset];
            } else if (filled) {
                memset(y, move->fill, count);
            } else {
                memcpy(y, x + one + other + offset, count);
            }
        }
    }
}

void p8_move(const p8_move_t *move, p8_shape_t out, const int8_t *x, int8_t *y)
{
    for (size_t begin = 0, end; begin < out.channels; begin = end) {
        end = run_end(move, begin, out.channels);
        move_run(move, out, begin, end - begin, x, y + begin);
    }
}

void p8_concat(const p8_concat_t *concat, const int8_t *arena, int8_t *y)
{
    for (size_t outer = 0; outer < concat->outer; outer++) {
        for (size_t index = 0; index < concat->count; index++) {
            const p8_part_t *part = &concat->parts[index];
            memcpy(y, arena + part->x + outer * part->bytes, part->bytes);
            y += part->bytes;
        }
    }
}
