/* Kernels that only move bytes: cut, pad, repeat, reorder, join. */
#include "p8_kernels.h"

#include <string.h>

static void move_run(const p8_move_t *move, size_t channels, const int8_t *from, int8_t *y)
{
    if (!move->channels) {
        memcpy(y, from, channels);
        return;
    }
    for (size_t channel = 0; channel < channels; channel++) {
        const int32_t offset = move->channels[channel];
        y[channel] = offset == P8_FILL ? move->fill : from[offset];
    }
}

void p8_move(const p8_move_t *move, p8_shape_t out, const int8_t *x, int8_t *y)
{
    for (size_t row = 0; row < out.height; row++) {
        for (size_t column = 0; column < out.width; column++, y += out.channels) {
            const int32_t one = move->rows[row], other = move->columns[column];
            if (one == P8_FILL || other == P8_FILL) {
                memset(y, move->fill, out.channels);
            } else {
                move_run(move, out.channels, x + one + other, y);
            }
        }
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
